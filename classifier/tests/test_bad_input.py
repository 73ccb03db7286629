"""Whatever is sent, the answer is a digit or a sentence that says what is wrong, never a 500."""

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
from PIL import ExifTags, Image, ImageOps
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
Edit = Callable[[Image.Image], bytes]


@dataclass
class Reply:
    """`code` is "" from the web pages, which show the sentence alone."""

    status: int
    code: str
    detail: str
    label: str = ""


def of_web(client: Client, response: Any) -> Reply:
    page = response.content.decode()
    if response.status_code == 302:
        page = client.get(response.headers["Location"]).content.decode()
        found = re.findall(r'<(?:p|span) class="answer[^>]*>([^<]*)<', page)
        return Reply(200, "", "", found[0])
    found = re.findall(r'role="alert">([^<]+)<', page)
    return Reply(response.status_code, "", " ".join(found))


def of_api(_: Client, response: Any) -> Reply:
    answer = json.loads(response.content)
    if response.status_code == 200:
        return Reply(200, "", "", answer["label"])
    assert answer["status"] == response.status_code
    return Reply(response.status_code, answer["code"], answer["detail"])


READ_REPLY = {"/predict": of_web, "/api/predict": of_api}


def post(address: str, fields: dict[str, Any]) -> Reply:
    client = Client()
    return READ_REPLY[address](client, client.post(address, fields))


def by_form(data: bytes, name: str) -> Reply:
    return post("/predict", {"image": SimpleUploadedFile(name, data)})


def by_api_field(data: bytes, name: str) -> Reply:
    return post("/api/predict", {"image": SimpleUploadedFile(name, data)})


def by_api_body(data: bytes, _: str) -> Reply:
    client = Client()
    return of_api(client, client.generic("POST", "/api/predict", data, content_type="image/png"))


Send = Callable[[bytes, str], Reply]
ways = pytest.mark.parametrize("send", [by_form, by_api_field, by_api_body])
addresses = pytest.mark.parametrize("address", READ_REPLY)


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def paper(width: int, height: int) -> Image.Image:
    return Image.new("L", (width, height), 255)


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def animation() -> bytes:
    return saved(paper(50, 50), "GIF", save_all=True, append_images=[Image.new("L", (50, 50))])


def zip_file() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("digit.png", saved(paper(50, 50)))
    return buffer.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'

BAD: dict[str, tuple[Callable[[], bytes], str, int, str]] = {
    "text": (lambda: b"hello", "a.txt", 400, "not_an_image"),
    "zeros": (lambda: bytes(1000), "a.png", 400, "not_an_image"),
    "a ZIP called JPEG": (zip_file, "a.jpg", 400, "not_an_image"),
    "a PNG cut short": (lambda: saved(Image.effect_noise((99, 99), 9))[:-999], "a", 400, "damaged"),
    "a JPEG cut short": (lambda: saved(paper(99, 99), "JPEG")[:200], "a.jpg", 400, "damaged"),
    "a PNG's first bytes": (lambda: saved(paper(99, 99))[:20], "a.png", 400, "damaged"),
    "one pixel high": (lambda: saved(paper(5000, 1)), "a.png", 400, "too_small"),
    "one pixel wide": (lambda: saved(paper(1, 5000)), "a.png", 400, "too_small"),
    "an animation": (animation, "a.gif", 400, "animated"),
    "an SVG": (lambda: SVG, "a.svg", 415, "unsupported_type"),
    "a PDF": (lambda: b"%PDF-1.7\n" + bytes(99), "a.pdf", 415, "unsupported_type"),
    "a HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(99), "a", 415, "unsupported_type"),
    "an AVIF": (lambda: b"\0\0\0\x1cftypavif" + bytes(99), "a", 415, "unsupported_type"),
    "a bomb": (lambda: png_that_claims(30_000, 30_000), "a.png", 413, "too_many_pixels"),
    "60 million pixels": (lambda: png_that_claims(10_000, 6_000), "a", 413, "too_many_pixels"),
    "100 million pixels": (lambda: png_that_claims(10_000, 10_000), "a", 413, "too_many_pixels"),
    "20 MB": (lambda: bytes(20 * 1024 * 1024), "a.png", 413, "too_large"),
}


@ways
@pytest.mark.parametrize(("make", "name", "status", "code"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_refused_with_a_sentence_and_not_kept(
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
    assert_nothing_is_kept(settings)


def assert_nothing_is_kept(settings: Settings) -> None:
    assert not Upload.objects.exists()
    assert not [path for path in (settings.MEDIA_ROOT / "uploads").rglob("*") if path.is_file()]


@ways
def test_the_limit_is_that_of_the_file_itself(
    champion: ModelVersion, settings: Settings, drawn: Draw, send: Send
) -> None:
    data = drawn(7)

    settings.MAX_UPLOAD_BYTES = len(data) - 1
    assert send(data, "a.png").status == 413
    assert_nothing_is_kept(settings)

    settings.MAX_UPLOAD_BYTES = len(data)
    assert send(data, "a.png").label == "7"


def test_an_empty_body_is_refused(champion: ModelVersion, settings: Settings) -> None:
    reply = by_api_body(b"", "")

    assert (reply.status, reply.code) == (400, "missing_field")
    assert_nothing_is_kept(settings)


def file(name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, saved(paper(50, 50)))


FORMS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no field": (dict, "missing_field"),
    "another field": (lambda: {"picture": file()}, "missing_field"),
    "text in the field": (lambda: {"image": "seven"}, "missing_field"),
    "an empty file": (lambda: {"image": SimpleUploadedFile("a.png", b"")}, "empty"),
    "two fields": (lambda: {"image": file(), "other": file()}, "too_many_files"),
}


@addresses
@pytest.mark.parametrize(("fields", "code"), FORMS.values(), ids=FORMS)
def test_a_form_without_exactly_one_file_is_refused(
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
    assert_nothing_is_kept(settings)


def test_two_files_for_one_answer_are_refused(champion: ModelVersion, settings: Settings) -> None:
    reply = post("/api/predict", {"image": [file(), file()]})

    assert (reply.status, reply.code) == (400, "too_many_files")
    assert_nothing_is_kept(settings)


@addresses
def test_more_files_than_django_takes_apart_are_refused(
    champion: ModelVersion, settings: Settings, address: str
) -> None:
    reply = post(address, {"image": [file() for _ in range(11)]})

    assert reply.status == 400
    assert reply.detail
    assert_nothing_is_kept(settings)


@addresses
@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_a_form_that_cannot_be_taken_apart_is_refused(
    champion: ModelVersion, settings: Settings, address: str, boundary: str
) -> None:
    client, media_type = Client(), "multipart/form-data" + boundary

    response = client.generic("POST", address, b"--x\r\nnonsense", content_type=media_type)

    reply = READ_REPLY[address](client, response)
    assert reply.status == 400
    assert reply.detail
    assert_nothing_is_kept(settings)


def rotated(picture: Image.Image) -> bytes:
    """Lying on its side, with the tag by which a phone says so."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def palette_with_transparency(picture: Image.Image) -> bytes:
    return saved(picture.convert("P"), transparency=picture.convert("P").getpixel((0, 0)))


def ink_on_transparency(picture: Image.Image) -> bytes:
    ink = Image.new("RGBA", picture.size, (20, 30, 120, 0))
    ink.putalpha(ImageOps.invert(picture))
    return saved(ink)


def grey_with_alpha(picture: Image.Image) -> bytes:
    return saved(Image.merge("LA", (picture, Image.new("L", picture.size, 255))))


def sixteen_bits(picture: Image.Image) -> bytes:
    # Of 4096 levels, as a scanner's 12 bits are stored.
    return saved(picture.convert("I").point(lambda level: level * 16).convert("I;16"))


UNUSUAL: dict[str, Edit] = {
    "CMYK JPEG": lambda picture: saved(picture.convert("CMYK"), "JPEG"),
    "16-bit PNG": sixteen_bits,
    "palette with transparency": palette_with_transparency,
    "1 bit": lambda picture: saved(picture.convert("1")),
    "grey with alpha": grey_with_alpha,
    "ink on transparency": ink_on_transparency,
    "rotated by its EXIF": rotated,
    "white on black": lambda picture: saved(ImageOps.invert(picture)),
    "28 by 28": lambda picture: saved(picture.resize((28, 28))),
    "WebP": lambda picture: saved(picture, "WEBP"),
    "TIFF": lambda picture: saved(picture, "TIFF"),
    "compressed TIFF": lambda picture: saved(picture.convert("1"), "TIFF", compression="group4"),
    "BMP": lambda picture: saved(picture, "BMP"),
    "GIF": lambda picture: saved(picture, "GIF"),
    "progressive JPEG": lambda picture: saved(picture.convert("RGB"), "JPEG", progressive=True),
}


@pytest.mark.parametrize("send", [by_form, by_api_body])
@pytest.mark.parametrize("edit", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_picture_is_read_like_any_other(
    champion: ModelVersion, drawn: Draw, send: Send, edit: Edit
) -> None:
    picture = Image.open(BytesIO(drawn(4)))  # which is no digit when it lies on its side

    reply = send(edit(picture), "picture")

    assert (reply.status, reply.label) == (200, "4")
