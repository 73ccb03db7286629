"""How often a process tries to connect to its database server, and how soon it gives up."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout

# Seconds between attempts: together half a minute for a server that is just starting, and less than
# the two seconds that /readyz has in a process that serves.
START_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
PAUSES_S = (0.2, 0.4, 0.8)
AWAY_FOR_S = 1.0
# Another attempt would not change these.
REFUSALS = ("authentication failed", "no password supplied", "does not exist")

logger = logging.getLogger(__name__)

Connected = TypeVar("Connected")

_waits_at_start = False


def wait_at_start() -> None:
    """Let this process wait half a minute until it reaches its database for the first time.

    For entry points that serve no requests. Once connected, such a process has no more time than
    others: its heartbeats would be late.
    """
    global _waits_at_start
    _waits_at_start = True


class Server:
    """A server as one process sees it, shared by its threads."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._was_reached = False
        self._lost_at: float | None = None

    def connect(self, connect: Callable[[], Connected]) -> Connected:
        """Connect, with pauses between attempts; while the server is away, try once a second.

        Raises psycopg.OperationalError.
        """
        if _waits_at_start and not self._was_reached:
            connected = self._connect_at_start(connect)
        else:
            connected = self._connect_unless_away(connect)
        self._was_reached = True
        return connected

    def _connect_at_start(self, connect: Callable[[], Connected]) -> Connected:
        for attempt, pause in enumerate(START_PAUSES_S):
            try:
                return connect()
            except psycopg.OperationalError as error:
                if any(refusal in str(error) for refusal in REFUSALS):
                    raise
                if attempt == 0:
                    self._log_waiting(error)
                time.sleep(pause)
        return connect()

    def _log_waiting(self, error: psycopg.OperationalError) -> None:
        reason = " ".join(str(error).split())
        at_most_s = sum(START_PAUSES_S)
        logger.warning(
            "Waiting up to %.0f s for PostgreSQL at %s: %s", at_most_s, self._place, reason
        )

    def _connect_unless_away(self, connect: Callable[[], Connected]) -> Connected:
        if self._lost_at is not None and time.monotonic() - self._lost_at < AWAY_FOR_S:
            raise psycopg.OperationalError("PostgreSQL could not be reached a moment ago.")
        try:
            connected = self._connect_soon(connect)
        except psycopg.OperationalError as error:
            if self._lost_at is None:
                logger.error("PostgreSQL at %s is away: %s", self._place, error)
            self._lost_at = time.monotonic()
            raise
        if self._lost_at is not None:
            logger.warning("PostgreSQL at %s is back.", self._place)
            self._lost_at = None
        return connected

    def _connect_soon(self, connect: Callable[[], Connected]) -> Connected:
        for pause in PAUSES_S:
            if self._lost_at is not None:
                break
            try:
                return connect()
            except ConnectionTimeout:
                raise  # it hangs, and will not be there in a moment
            except psycopg.OperationalError:
                time.sleep(pause)
        return connect()


server = cache(Server)
