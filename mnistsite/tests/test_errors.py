"""What nobody foresaw is said without a stack trace, in the form that the asker reads."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.uploads import submission


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Of a site whose classifying fails for a reason that no code expects."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret innards")

    monkeypatch.setattr(submission, "classify_picture", fail)
    return Client(raise_request_exception=False)


def test_a_program_gets_json(visitor: Client, drawn: Callable[..., bytes]) -> None:
    response = visitor.post("/api/predict", drawn(7), content_type="image/png")
    assert response.status_code == 500
    assert response.json()["code"] == "server_error"
    assert "innards" not in response.text


def test_a_person_gets_a_page(visitor: Client, drawn: Callable[..., bytes]) -> None:
    response = visitor.post("/predict", {"image": SimpleUploadedFile("7.png", drawn(7))})
    assert response.status_code == 500
    assert "Try again in a moment." in response.text
    assert "innards" not in response.text
