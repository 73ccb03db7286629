"""Replace unusable charsets in a request's Content-Type."""

import codecs
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SUPPORTED = {"ascii", "cp1252", "iso8859-1", "utf-8"}


def drop_unsupported_charsets(application: Application) -> Application:
    """Wrap a WSGI application so that it reads a body of an unsupported charset as UTF-8.

    Django decodes with any of Python's codecs that a Content-Type names, before any middleware
    runs, and fails for codecs that don't produce text, such as zlib.
    """

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        media_type, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        if "charset" in parameters and not _is_supported(parameters.pop("charset")):
            rest = (f'{name}="{value}"' for name, value in parameters.items())
            environ = environ | {"CONTENT_TYPE": "; ".join([media_type, *rest])}
        return application(environ, start_response)

    return wrapped


def _is_supported(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in SUPPORTED
    except (LookupError, ValueError):
        return False
