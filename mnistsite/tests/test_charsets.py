"""A body is read whatever charset its type names."""

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from mnistsite.middleware.charsets import ignoring_other_charsets

FORM = "application/x-www-form-urlencoded"


def read(media_type: str, body: bytes) -> WSGIRequest:
    """Return the request that Django makes of it."""
    requests = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        requests.append(WSGIRequest(environ))
        return []

    environ = RequestFactory().generic("POST", "/?q=1", body).environ
    ignoring_other_charsets(application)(environ | {"CONTENT_TYPE": media_type}, lambda *_: None)
    return requests[0]


@pytest.mark.parametrize("charset", ["zlib", "hex", "rot13", "idna", "undefined", "\xff", "", "\0"])
def test_charset_that_is_none_of_text_is_ignored(charset: str) -> None:
    request = read(f"{FORM}; charset={charset}", "label=ü".encode())

    assert (request.POST["label"], request.GET["q"]) == ("ü", "1")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "iso-8859-1", "Latin-1"])
def test_charset_of_text_is_passed_on(charset: str) -> None:
    assert read(f"application/json; charset={charset}", b"").encoding == charset


def test_other_parameters_of_the_type_are_kept() -> None:
    request = read('multipart/form-data; boundary="a b"; charset=zlib', b"")

    assert (request.content_type, request.content_params) == (
        "multipart/form-data",
        {"boundary": "a b"},
    )
