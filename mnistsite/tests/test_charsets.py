"""Bodies are read whatever charset their Content-Type names."""

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from mnistsite.middleware.charsets import drop_unsupported_charsets

FORM = "application/x-www-form-urlencoded"


def parse_request(media_type: str, body: bytes) -> WSGIRequest:
    """Return the request that Django parses."""
    requests = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        requests.append(WSGIRequest(environ))
        return []

    environ = RequestFactory().generic("POST", "/?q=1", body).environ
    drop_unsupported_charsets(application)(environ | {"CONTENT_TYPE": media_type}, lambda *_: None)
    return requests[0]


@pytest.mark.parametrize("charset", ["zlib", "hex", "rot13", "idna", "undefined", "\xff", "", "\0"])
def test_unsupported_charset_is_ignored(charset: str) -> None:
    request = parse_request(f"{FORM}; charset={charset}", "label=ü".encode())

    assert (request.POST["label"], request.GET["q"]) == ("ü", "1")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "iso-8859-1", "Latin-1"])
def test_supported_charset_is_used(charset: str) -> None:
    assert parse_request(f"application/json; charset={charset}", b"").encoding == charset


def test_other_parameters_stay() -> None:
    request = parse_request('multipart/form-data; boundary="a b"; charset=zlib', b"")

    assert (request.content_type, request.content_params) == (
        "multipart/form-data",
        {"boundary": "a b"},
    )
