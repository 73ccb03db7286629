"""Log lines or JSON objects with the request's id and without personal data."""

import logging
import re
from ipaddress import ip_address
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from classifier.monitoring import request_id
from mnistsite.observability.routes import get_route

FORMATS: tuple[str, ...] = ("line", "json")
LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
JSON_FIELDS = {
    "levelname": "level",
    "name": "logger",
    "request_id": "request_id",
    "message": "message",
}


def build_config(log_format: str) -> dict[str, Any]:
    """Return a dictionary for `logging.config.dictConfig`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "mnistsite.observability.logs.RequestFilter"}},
        "formatters": {
            "line": {"()": "mnistsite.observability.logs.LineFormatter", "fmt": LINE},
            "json": {
                "()": "mnistsite.observability.logs.ScrubbedJsonFormatter",
                "rename_fields": JSON_FIELDS,
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
            # The root handler logs each record once.
            "django": {"handlers": []},
            # Rejected requests are in the access log.
            "django.request": {"level": "ERROR"},
            "procrastinate.worker": {"level": "INFO"},
            "training": {"level": "INFO"},
        },
    }


class RequestFilter(logging.Filter):
    """Adds the request's id to a record, and replaces the request's path by its route."""

    def filter(self, record: logging.LogRecord) -> bool:
        job = getattr(record, "job", None)
        arguments = job["task_kwargs"] if isinstance(job, dict) else {}
        record.request_id = request_id.get_current() or arguments.get(request_id.ARGUMENT) or "-"
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(_replace_path(argument, request) for argument in record.args)
        # Periodic jobs run several times a minute; only their failures are worth a line.
        return "timestamp" not in arguments or record.levelno > logging.INFO


def _replace_path(argument: object, request: HttpRequest) -> object:
    return get_route(request) if str(argument).startswith("/") else argument


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class ScrubbedJsonFormatter(JsonFormatter):
    """Logs the fields in JSON_FIELDS, and nothing that libraries attach to a record."""

    def __init__(self, **options: Any) -> None:
        super().__init__([*JSON_FIELDS], **options)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        for name in log_data.keys() - {*JSON_FIELDS.values(), "timestamp", *message_dict}:
            del log_data[name]
        for name, value in log_data.items():
            log_data[name] = scrub(value) if isinstance(value, str) else value


# Messages of libraries and exceptions contain personal data.
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_QUERY = re.compile(r"\?[\w%.~+-]+=[^\s'\">]*")
_ROW = re.compile(r"DETAIL:.*")  # of a violated constraint
_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_IPV6_CANDIDATE = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F]*:(?:[0-9a-fA-F:.]*[0-9a-fA-F])?")


def scrub(text: str) -> str:
    """Replace identifiers, queries, rows and addresses by placeholders."""
    text = _UUID.sub("<uuid>", text)
    text = _QUERY.sub("?<query>", text)
    text = _ROW.sub("DETAIL: <row>", text)
    return _IPV4.sub(_replace_address, _IPV6_CANDIDATE.sub(_replace_address, text))


def _replace_address(match: re.Match[str]) -> str:
    try:
        address = ip_address(match[0])
    except ValueError:  # a time of day also matches
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "<address>"
