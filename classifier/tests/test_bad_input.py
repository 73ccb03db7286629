"""Bad input: the response explains the error, and nothing is stored."""

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw, create_paper, encode_picture

pytestmark = pytest.mark.django_db


@dataclass
class Reply:
    """A parsed response; `code` is "" from the web pages, which show only the detail."""

    status: int
    code: str
    detail: str
    label: str = ""


def parse_web_reply(client: Client, response: Any) -> Reply:
    page = response.text
    if response.status_code == 302:
        page = client.get(response.headers["Location"]).text
        texts = re.findall(r'<(?:p|span) class="answer[^>]*>([^<]*)<', page)
        return Reply(200, "", "", texts[0])
    texts = re.findall(r'role="alert">([^<]+)<', page)
    return Reply(response.status_code, "", " ".join(texts))


def parse_api_reply(_: Client, response: Any) -> Reply:
    answer = json.loads(response.content)
    if response.status_code == 200:
        return Reply(200, "", "", answer["label"])
    assert answer["status"] == response.status_code
    return Reply(response.status_code, answer["code"], answer["detail"])


PARSERS = {"/predict": parse_web_reply, "/api/predict": parse_api_reply}


def post(address: str, fields: dict[str, Any]) -> Reply:
    client = Client()
    return PARSERS[address](client, client.post(address, fields))


def send_form(data: bytes, name: str) -> Reply:
    return post("/predict", {"image": SimpleUploadedFile(name, data)})


def send_api_field(data: bytes, name: str) -> Reply:
    return post("/api/predict", {"image": SimpleUploadedFile(name, data)})


def send_api_body(data: bytes, _: str) -> Reply:
    client = Client()
    return parse_api_reply(client, client.post("/api/predict", data, content_type="image/png"))


Send = Callable[[bytes, str], Reply]
each_way = pytest.mark.parametrize("send", [send_form, send_api_field, send_api_body])
each_address = pytest.mark.parametrize("address", PARSERS)


def build_png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def build_animation() -> bytes:
    others = [Image.new("L", (50, 50))]
    return encode_picture(create_paper(50, 50), "GIF", save_all=True, append_images=others)


def build_zip_of_picture() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("digit.png", encode_picture(create_paper(50, 50)))
    return buffer.getvalue()


PAPER = create_paper(99, 99)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'

BAD: dict[str, tuple[Callable[[], bytes], str, int, str]] = {
    "text": (lambda: b"hello", "a.txt", 400, "not_an_image"),
    "zeros": (lambda: bytes(1000), "a.png", 400, "not_an_image"),
    "a ZIP called JPEG": (build_zip_of_picture, "a.jpg", 400, "not_an_image"),
    "a PNG cut short": (
        lambda: encode_picture(Image.effect_noise((99, 99), 9))[:-999],
        "a",
        400,
        "damaged",
    ),
    "a JPEG cut short": (lambda: encode_picture(PAPER, "JPEG")[:200], "a.jpg", 400, "damaged"),
    "a PNG's first bytes": (lambda: encode_picture(PAPER)[:20], "a.png", 400, "damaged"),
    "one pixel high": (lambda: encode_picture(create_paper(5000, 1)), "a.png", 400, "too_small"),
    "one pixel wide": (lambda: encode_picture(create_paper(1, 5000)), "a.png", 400, "too_small"),
    "an animation": (build_animation, "a.gif", 400, "animated"),
    "an SVG": (lambda: SVG, "a.svg", 415, "unsupported_type"),
    "a PDF": (lambda: b"%PDF-1.7\n" + bytes(99), "a.pdf", 415, "unsupported_type"),
    "a HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(99), "a", 400, "damaged"),
    "a damaged AVIF": (lambda: b"\0\0\0\x1cftypavif" + bytes(99), "a", 400, "damaged"),
    "a bomb": (lambda: build_png_claiming(30_000, 30_000), "a.png", 413, "too_many_pixels"),
    "60 million pixels": (lambda: build_png_claiming(10_000, 6_000), "a", 413, "too_many_pixels"),
    "100 million pixels": (lambda: build_png_claiming(10_000, 10_000), "a", 413, "too_many_pixels"),
    "20 MB": (lambda: bytes(20 * 1024 * 1024), "a.png", 413, "too_large"),
}


@each_way
@pytest.mark.parametrize(("make", "name", "status", "code"), BAD.values(), ids=BAD)
def test_unreadable_picture_is_refused(
    champion: ModelVersion,
    settings: Settings,
    send: Send,
    make: Callable[[], bytes],
    name: str,
    status: int,
    code: str,
) -> None:
    reply = send(make(), name)

    assert reply.status == status
    assert reply.code in ("", code)
    assert reply.detail.strip().endswith(".")
    assert_nothing_is_stored(settings)


def assert_nothing_is_stored(settings: Settings) -> None:
    assert not Upload.objects.exists()
    assert not list_stored_files(settings)


@each_way
def test_size_limit_applies_to_the_file(
    champion: ModelVersion, settings: Settings, draw_digit: Draw, send: Send
) -> None:
    data = draw_digit(7)

    settings.MAX_UPLOAD_BYTES = len(data) - 1
    assert send(data, "a.png").status == 413
    assert_nothing_is_stored(settings)

    settings.MAX_UPLOAD_BYTES = len(data)
    assert send(data, "a.png").label == "7"


def test_empty_body_is_refused(champion: ModelVersion, settings: Settings) -> None:
    reply = send_api_body(b"", "")

    assert (reply.status, reply.code) == (400, "missing_field")
    assert_nothing_is_stored(settings)


def build_file(name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, encode_picture(create_paper(50, 50)))


FORMS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no field": (dict, "missing_field"),
    "another field": (lambda: {"picture": build_file()}, "missing_field"),
    "text in the field": (lambda: {"image": "seven"}, "missing_field"),
    "an empty file": (lambda: {"image": SimpleUploadedFile("a.png", b"")}, "empty"),
    "two fields": (lambda: {"image": build_file(), "other": build_file()}, "too_many_files"),
    "11 files": (lambda: {"image": [build_file() for _ in range(11)]}, "too_many_files"),
}


@each_address
@pytest.mark.parametrize(("fields", "code"), FORMS.values(), ids=FORMS)
def test_form_without_exactly_one_file_is_refused(
    champion: ModelVersion,
    settings: Settings,
    address: str,
    fields: Callable[[], dict[str, Any]],
    code: str,
) -> None:
    reply = post(address, fields())

    assert reply.status == 400
    assert reply.code in ("", code)
    assert reply.detail.endswith(".")
    assert_nothing_is_stored(settings)


def test_two_files_are_refused(champion: ModelVersion, settings: Settings) -> None:
    reply = post("/api/predict", {"image": [build_file(), build_file()]})

    assert (reply.status, reply.code) == (400, "too_many_files")
    assert_nothing_is_stored(settings)


@each_address
@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_malformed_form_is_refused(
    champion: ModelVersion, settings: Settings, address: str, boundary: str
) -> None:
    client, media_type = Client(), "multipart/form-data" + boundary

    response = client.generic("POST", address, b"--x\r\nnonsense", content_type=media_type)

    reply = PARSERS[address](client, response)
    assert reply.status == 400
    assert reply.detail
    assert_nothing_is_stored(settings)
