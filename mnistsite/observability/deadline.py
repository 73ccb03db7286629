"""Call functions that may hang without waiting for them forever."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

from django.db import connection

Result = TypeVar("Result")


class WithDeadline(Generic[Result]):
    """A function that runs in its own thread and gives up waiting after some seconds.

    Calls that overlap share one run of the function and its deadline.
    """

    def __init__(self, function: Callable[[], Result], seconds: float) -> None:
        self._function = function
        self._seconds = seconds
        self._lock = Lock()
        self._future: Future[Result] | None = None
        self._deadline = 0.0

    def __call__(self) -> Result:
        """Return the function's result. Raise TimeoutError, or what the function raises."""
        return self.start()()

    def start(self) -> Callable[[], Result]:
        """Start the function, and return another one that waits for its result."""
        with self._lock:
            if self._future is None or self._future.done():
                self._future = Future()
                self._deadline = time.monotonic() + self._seconds
                # A daemon thread, so that a process can exit while the function hangs.
                Thread(target=self._run, args=[self._future], daemon=True).start()
            future, deadline = self._future, self._deadline
        return lambda: future.result(max(0.0, deadline - time.monotonic()))

    def _run(self, future: Future[Result]) -> None:
        try:
            try:
                result = self._function()
            finally:
                connection.close()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
