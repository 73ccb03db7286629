"""Connect to the database server with retries."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout

# Seconds between attempts. A starting server gets half a minute; a process that serves requests
# gives up within the two seconds of /readyz.
START_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
PAUSES_S = (0.2, 0.4, 0.8)
RETRY_AFTER_S = 1.0
# Another attempt would fail with these as well.
PERMANENT_ERRORS = ("authentication failed", "no password supplied", "does not exist")

logger = logging.getLogger(__name__)

Connection = TypeVar("Connection")

_waits_at_start = False


def wait_at_start() -> None:
    """Let this process wait half a minute until it reaches its database for the first time.

    Only for entry points that serve no requests. After the first connection, the process gives up
    as early as others, so that its heartbeats are not late.
    """
    global _waits_at_start
    _waits_at_start = True


class Server:
    """A database server as one process sees it, shared by its threads."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._was_reached = False
        self._lost_at: float | None = None

    def connect(self, connect: Callable[[], Connection]) -> Connection:
        """Connect, with pauses between attempts; once a server is down, try once a second.

        Raise psycopg.OperationalError if all attempts fail.
        """
        if _waits_at_start and not self._was_reached:
            connection = self._connect_at_start(connect)
        else:
            connection = self._connect_with_log(connect)
        self._was_reached = True
        return connection

    def _connect_at_start(self, connect: Callable[[], Connection]) -> Connection:
        for attempt, pause in enumerate(START_PAUSES_S):
            try:
                return connect()
            except psycopg.OperationalError as error:
                if any(message in str(error) for message in PERMANENT_ERRORS):
                    raise
                if attempt == 0:
                    logger.warning(
                        "Waiting up to %.0f s for PostgreSQL at %s: %s",
                        sum(START_PAUSES_S),
                        self._address,
                        " ".join(str(error).split()),
                    )
                time.sleep(pause)
        return connect()

    def _connect_with_log(self, connect: Callable[[], Connection]) -> Connection:
        """Connect, and log when the server goes down and when it is back."""
        if self._lost_at is not None and time.monotonic() - self._lost_at < RETRY_AFTER_S:
            raise psycopg.OperationalError("PostgreSQL could not be reached a moment ago.")
        try:
            connection = self._connect_with_retries(connect)
        except psycopg.OperationalError as error:
            if self._lost_at is None:
                logger.error("PostgreSQL at %s is down: %s", self._address, error)
            self._lost_at = time.monotonic()
            raise
        if self._lost_at is not None:
            logger.warning("PostgreSQL at %s is back.", self._address)
            self._lost_at = None
        return connection

    def _connect_with_retries(self, connect: Callable[[], Connection]) -> Connection:
        for pause in PAUSES_S:
            if self._lost_at is not None:
                break
            try:
                return connect()
            except ConnectionTimeout:
                raise  # a server that hangs will still hang in a moment
            except psycopg.OperationalError:
                time.sleep(pause)
        return connect()


get_server = cache(Server)
