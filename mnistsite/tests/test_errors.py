"""Unexpected errors are reported to programs as JSON and to people as a page."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.uploads import submission


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a site that fails with an unexpected error."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(submission, "classify_picture", fail)
    return Client(raise_request_exception=False)


def test_program_gets_json(visitor: Client, draw_digit: Callable[..., bytes]) -> None:
    response = visitor.post("/api/predict", draw_digit(7), content_type="image/png")
    assert response.status_code == 500
    assert response.json()["code"] == "server_error"
    assert "internals" not in response.text


def test_person_gets_a_page(visitor: Client, draw_digit: Callable[..., bytes]) -> None:
    response = visitor.post("/predict", {"image": SimpleUploadedFile("7.png", draw_digit(7))})
    assert response.status_code == 500
    assert "try again in a moment." in response.text
    assert "internals" not in response.text
