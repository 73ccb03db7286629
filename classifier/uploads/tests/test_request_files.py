"""Uploads are stored without bytes behind the picture."""

import hashlib

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import ModelVersion, Upload
from classifier.tests.archives import build_zip, post_archive
from classifier.tests.pictures import Draw
from classifier.tests.test_bad_input import Send, each_way

pytestmark = pytest.mark.django_db

APPENDED = b"a video with sound" * 100


def assert_stored_as(picture: bytes) -> None:
    stored = Upload.objects.get()
    with stored.file.open() as file:
        assert file.read() == picture
    assert (stored.size, stored.sha256) == (len(picture), hashlib.sha256(picture).hexdigest())


@each_way
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_appended_bytes_are_not_stored(
    champion: ModelVersion, draw_digit: Draw, send: Send, kind: str
) -> None:
    picture = draw_digit(7, kind=kind)

    reply = send(picture + APPENDED, "digit")

    assert (reply.status, reply.label) == (200, "7")
    assert_stored_as(picture)


def test_import_recognises_picture_without_appended_bytes(
    champion: ModelVersion, draw_digit: Draw, labeller: User, client: Client
) -> None:
    picture = draw_digit(7)
    client.force_login(labeller)

    for appended in (APPENDED, b"", b"another video"):
        response = post_archive(client, build_zip({"7/digit.png": picture + appended}))
        assert response.status_code == 200, response.content

    assert_stored_as(picture)
