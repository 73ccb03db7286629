from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.models import ModelVersion, Upload
from classifier.tests import factories
from classifier.tests.pages import get_admin_url
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db


def send(client: Client, version: ModelVersion, *pictures: bytes) -> Any:
    files = [SimpleUploadedFile("picture.png", picture, "image/png") for picture in pictures]
    return client.post(get_admin_url(version, "try"), {"image": files})


def test_both_models_read_a_picture_that_is_not_stored(
    trainer_client: Client, better: ModelVersion, draw_digit: Draw
) -> None:
    response = send(trainer_client, better, draw_digit(7))

    assert response.status_code == 200
    page = " ".join(response.text.split())
    for name in ("baseline", "better"):
        assert f'<dt>{name}</dt> <dd class="answer">7</dd> <dd>certain</dd>' in page
    assert not Upload.objects.exists()


def test_champion_alone_reads_a_picture(
    trainer_client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    page = send(trainer_client, champion, draw_digit(7)).text

    assert page.count('<dd class="answer">7</dd>') == 1


@pytest.mark.parametrize(
    ("pictures", "status", "text"),
    [
        ([], 400, "Send one picture as a file"),
        ([b"no picture"], 400, "The file is not an image"),
        ([b"", b""], 400, "Send one picture at a time"),
    ],
)
def test_invalid_picture_is_explained(
    trainer_client: Client, better: ModelVersion, pictures: list[bytes], status: int, text: str
) -> None:
    response = send(trainer_client, better, *pictures)

    assert response.status_code == status
    assert text in response.text


def test_missing_folder_is_explained(
    trainer_client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    gone = factories.create_version(name="gone")

    response = send(trainer_client, gone, draw_digit(7))

    assert response.status_code == 409
    assert "There is no model in" in response.text
