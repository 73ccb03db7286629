"""Charsets that a request's Content-Type may name."""

import codecs
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

READ = {"ascii", "cp1252", "iso8859-1", "utf-8"}


def ignoring_other_charsets(application: Application) -> Application:
    """Return the application, wrapped so that it reads a body of another charset as UTF-8.

    Django decodes with any codec of Python's that a Content-Type names, and fails where that is
    none of text, such as zlib. It does so before any middleware runs.
    """

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        media_type, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        if "charset" in parameters and not _is_read(parameters.pop("charset")):
            rest = (f'{name}="{value}"' for name, value in parameters.items())
            environ = environ | {"CONTENT_TYPE": "; ".join([media_type, *rest])}
        return application(environ, start_response)

    return guarded


def _is_read(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in READ
    except (LookupError, ValueError):
        return False
