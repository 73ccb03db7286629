"""What a process knows of its database server: one patience for all threads, and none twice."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout

# Together less than the two seconds in which /readyz has to tell.
PAUSES_S = (0.2, 0.4, 0.8)
AWAY_FOR_S = 1.0

logger = logging.getLogger(__name__)

Connected = TypeVar("Connected")


class Server:
    """Shared by the threads of a process."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._lost_at: float | None = None

    def connect(self, connect: Callable[[], Connected]) -> Connected:
        """Tries again after each pause; while it is known to be away, once a second.

        Raises psycopg.OperationalError.
        """
        if self._lost_at is not None and time.monotonic() - self._lost_at < AWAY_FOR_S:
            raise psycopg.OperationalError("PostgreSQL could not be reached a moment ago.")
        try:
            connected = self._patiently(connect)
        except psycopg.OperationalError as error:
            if self._lost_at is None:
                logger.error("PostgreSQL at %s is away: %s", self._place, error)
            self._lost_at = time.monotonic()
            raise
        if self._lost_at is not None:
            logger.warning("PostgreSQL at %s is back.", self._place)
            self._lost_at = None
        return connected

    def _patiently(self, connect: Callable[[], Connected]) -> Connected:
        for pause in PAUSES_S:
            if self._lost_at is not None:
                break
            try:
                return connect()
            except ConnectionTimeout:
                raise  # it hangs, and is not about to be there
            except psycopg.OperationalError:
                time.sleep(pause)
        return connect()


server = cache(Server)
