"""How every process logs: a line or a JSON object each, with the request's id, about nobody."""

import logging
import re
from ipaddress import ip_address
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from classifier.monitoring import request_id
from mnistsite.observability.routes import route

FORMATS: tuple[str, ...] = ("line", "json")
LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
JSON = {"levelname": "level", "name": "logger", "request_id": "request_id", "message": "message"}


def configuration(log_format: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "mnistsite.observability.logs.Context"}},
        "formatters": {
            "line": {"()": "mnistsite.observability.logs.Line", "fmt": LINE},
            "json": {
                "()": "mnistsite.observability.logs.Json",
                "rename_fields": JSON,
                "timestamp": True,
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["context"],
                "formatter": log_format,
            }
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            # Without handlers of its own: each line once.
            "django": {"handlers": []},
            # What was refused is in the access log.
            "django.request": {"level": "ERROR"},
            "procrastinate.worker": {"level": "INFO"},
            "training": {"level": "INFO"},
        },
    }


class Context(logging.Filter):
    """Gives a record its request's id, and its request's route in place of the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        job = getattr(record, "job", None)
        arguments = job["task_kwargs"] if isinstance(job, dict) else {}
        record.request_id = request_id.get_current() or arguments.get(request_id.ARGUMENT) or "-"
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(_without_path(each, request) for each in record.args)
        # What the clock asks for, several times a minute, is of interest only where it fails.
        return "timestamp" not in arguments or record.levelno > logging.INFO


def _without_path(argument: object, request: HttpRequest) -> object:
    return route(request) if str(argument).startswith("/") else argument


class Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


class Json(JsonFormatter):
    """The message, where it comes from, and nothing that libraries attach to a record."""

    def __init__(self, **options: Any) -> None:
        super().__init__([*JSON], **options)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        for name in log_data.keys() - {*JSON.values(), "timestamp", *message_dict}:
            del log_data[name]
        for name, value in log_data.items():
            log_data[name] = scrubbed(value) if isinstance(value, str) else value


# Messages of libraries, and of exceptions in stack traces, hold what they were about.
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_QUERY = re.compile(r"\?[\w%.~+-]+=[^\s'\">]*")
_ROW = re.compile(r"DETAIL:.*")  # of a constraint that PostgreSQL sees broken
_V4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_MAYBE_V6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F]*:(?:[0-9a-fA-F:.]*[0-9a-fA-F])?")


def scrubbed(text: str) -> str:
    text = _UUID.sub("<uuid>", text)
    text = _QUERY.sub("?<query>", text)
    text = _ROW.sub("DETAIL: <row>", text)
    return _V4.sub(_without_address, _MAYBE_V6.sub(_without_address, text))


def _without_address(found: re.Match[str]) -> str:
    """A time of day looks like one, and this machine's own is nobody's."""
    try:
        address = ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else "<address>"
