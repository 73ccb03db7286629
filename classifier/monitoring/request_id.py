"""The id that every log line caused by one request carries, in this process and in its jobs."""

import os
import re
from contextvars import ContextVar
from uuid import uuid4

ARGUMENT = "request_id"  # of a job
VARIABLE = "REQUEST_ID"  # of a process that a job starts

_LOOKS_LIKE_ONE = re.compile(r"[0-9a-f]{32}")


def _taken_over(given: object) -> str:
    """What was handed on or, of anything else, nothing: it would end up in the log."""
    return given if isinstance(given, str) and _LOOKS_LIKE_ONE.fullmatch(given) else ""


_of_this_process = _taken_over(os.environ.get(VARIABLE))
_current = ContextVar("request_id", default="")


def get_current() -> str:
    """Empty outside of requests and jobs."""
    return _current.get() or _of_this_process


def bind(given: object = "") -> str:
    """From now on here, the given id or, if it is none, a new one."""
    begun = _taken_over(given) or uuid4().hex
    _current.set(begun)
    return begun


def clear() -> None:
    _current.set("")


def get_job_arguments() -> dict[str, str]:
    """For `defer`; the task's function takes it as `request_id: str = ""`."""
    return {ARGUMENT: get_current()} if get_current() else {}


def get_process_environment() -> dict[str, str]:
    """For a process that this one starts."""
    return os.environ | {VARIABLE: get_current()}
