"""Asking something that may hang, without hanging."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

from django.db import connection

Found = TypeVar("Found")


class Bounded(Generic[Found]):
    """Calls `ask` in a thread of its own, and waits for it no longer than so many seconds.

    Who calls while it is still at it shares what comes of it, and waits no longer than the first.
    """

    def __init__(self, ask: Callable[[], Found], within_s: float) -> None:
        self._ask = ask
        self._within_s = within_s
        self._lock = Lock()
        self._answer: Future[Found] | None = None
        self._begun_at = 0.0

    def __call__(self) -> Found:
        """Raises TimeoutError, and what `ask` raises."""
        return self.start()()

    def start(self) -> Callable[[], Found]:
        """Start, and return a function that waits for the result."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = self._begin()
            answer, until = self._answer, self._begun_at + self._within_s
        return lambda: answer.result(max(0.0, until - time.monotonic()))

    def _begin(self) -> Future[Found]:
        self._begun_at = time.monotonic()
        answer: Future[Found] = Future()
        # A daemon: a process that stops doesn't wait for what hangs.
        Thread(target=self._fill, args=[answer], daemon=True).start()
        return answer

    def _fill(self, answer: Future[Found]) -> None:
        try:
            try:
                found = self._ask()
            finally:
                connection.close()
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(found)
