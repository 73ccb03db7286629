"""Values that each process reads from the database at most once a second."""

import time
from threading import Lock
from typing import Generic, TypeVar

REFRESH_EVERY_S = 1.0

Value = TypeVar("Value")


class Refreshed(Generic[Value]):
    """A value that threads share; a subclass defines `read`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._value: Value | None = None
        self._read_at = 0.0

    def get(self) -> Value:
        """Return the value, reading it if it is older than a second. Raise what `read` raises."""
        with self._lock:
            if self._value is None or time.monotonic() - self._read_at > REFRESH_EVERY_S:
                self._value = self.read(self._value)
                self._read_at = time.monotonic()
            return self._value

    def read(self, earlier: Value | None) -> Value:
        """Return the value of now; `earlier` is the one before it."""
        raise NotImplementedError
