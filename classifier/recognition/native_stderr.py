"""Filters what native libraries write to standard error."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen  # nosec B404
from threading import Lock

STDERR = 2
_lock = Lock()


@contextmanager
def filter_stderr(noise: str) -> Iterator[None]:
    """Drop the lines that match `noise`, an extended regular expression, while the block runs.

    Native code writes to the file descriptor, out of reach of Python's logging. The filter is a
    separate process, so that the last lines of a library that aborts pass too.
    """
    with _lock:
        grep = _start_grep(noise)
        if grep is None or grep.stdin is None:
            yield
            return
        with grep:
            original = os.dup(STDERR)
            os.dup2(grep.stdin.fileno(), STDERR)
            try:
                yield
            finally:
                os.dup2(original, STDERR)
                os.close(original)


def _start_grep(noise: str) -> Popen[bytes] | None:
    """Return None if it cannot start: noise does less harm than an error."""
    command = ["grep", "--line-buffered", "-Ev", noise]
    try:
        return Popen(command, stdin=PIPE, stdout=STDERR)  # noqa: S603  # nosec B603
    except OSError:
        return None
