"""The id that marks every log line of one request, also those of its jobs and processes."""

import os
import re
from contextvars import ContextVar
from uuid import uuid4

ARGUMENT = "request_id"  # of a job
VARIABLE = "REQUEST_ID"  # of the environment of a process that a job starts

_PATTERN = re.compile(r"[0-9a-f]{32}")


def _validate(value: object) -> str:
    """Return the value if it is an id, or "": other values must not reach the log."""
    return value if isinstance(value, str) and _PATTERN.fullmatch(value) else ""


_process_id = _validate(os.environ.get(VARIABLE))
_current = ContextVar("request_id", default="")


def get_current() -> str:
    """Return the id, empty outside of requests and jobs."""
    return _current.get() or _process_id


def bind(value: object = "") -> str:
    """Make an id the current one; generate it if the value is not an id."""
    request_id = _validate(value) or uuid4().hex
    _current.set(request_id)
    return request_id


def clear() -> None:
    _current.set("")


def get_job_arguments() -> dict[str, str]:
    """Return the arguments for `defer`; the task takes `request_id: str = ""`."""
    return {ARGUMENT: get_current()} if get_current() else {}


def get_process_environment() -> dict[str, str]:
    """Return the environment for a process that this one starts."""
    return os.environ | {VARIABLE: get_current()}
