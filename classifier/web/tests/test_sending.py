"""The pages that visitors see, and what a monitor asks."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from PIL import Image

from classifier.models import InputImage, ModelVersion, Source, Upload
from classifier.registry import serving, versions
from classifier.tests import factories

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
NOBODY = "00000000-0000-4000-8000-000000000000"


def send(client: Client, data: bytes) -> "Response":
    return client.post("/predict", {"image": SimpleUploadedFile("digit.png", data)})


def result_page(client: Client, data: bytes) -> str:
    return client.get(send(client, data).headers["Location"]).content.decode()


def alerts(response: "Response") -> list[str]:
    return re.findall(r'<div class="alert[^>]*>([^<]*)</div>', response.content.decode())


def answers(page: str) -> list[str]:
    """What is written large."""
    return re.findall(r'class="answer[^>]*>([^<]*)<', page)


def test_the_start_page_takes_a_picture(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    page = response.content.decode()
    assert 'action="/predict" method="post" enctype="multipart/form-data"' in page
    assert 'type="file" id="image" name="image"' in page
    assert "csrfmiddlewaretoken" in page


def test_a_picture_leads_to_the_page_of_its_result(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    response = send(client, drawn(7))

    upload = Upload.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/result/{upload.pk}")
    assert upload.source == Source.WEB


def test_a_result_shows_digit_bars_model_and_both_pictures(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    page = result_page(client, drawn(7))

    assert answers(page) == ["7"]
    assert re.findall(r'<th scope="row">(\d)</th>', page) == list("0123456789")
    bars = [float(value) for value in re.findall(r'<progress [^>]*value="([^"]*)"', page)]
    assert len(bars) == 10
    assert bars.index(max(bars)) == 7
    assert sum(bars) == pytest.approx(1, abs=0.001)
    assert "<code>baseline</code>" in page
    assert f'src="/upload/{Upload.objects.get().pk}.jpg"' in page
    assert f'src="/image/{InputImage.objects.get().pk}.png"' in page


def test_a_result_is_by_the_newest_prediction(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    address = send(client, drawn(7)).headers["Location"]
    factories.create_prediction(
        InputImage.objects.get(), factories.create_version(name="next"), label="1", best_guess="1"
    )

    page = client.get(address).content.decode()

    assert answers(page) == ["1"]
    assert "<code>next</code>" in page


def test_a_result_that_is_unsure_says_so_and_names_the_nearest_digit(
    client: Client, drawn: Draw
) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote("strict")

    page = result_page(client, drawn(7))

    assert re.search(r"This could be a 7 or an? \d\.", page)
    assert answers(page) == ["?"]


def test_a_blank_picture_is_told_to_be_blank(champion: ModelVersion, client: Client) -> None:
    paper = BytesIO()
    Image.new("L", (100, 100), 255).save(paper, "PNG")

    page = result_page(client, paper.getvalue())

    assert "There is nothing written in this picture." in page
    assert "<progress" not in page


def test_success_is_told_once_and_reloading_a_result_sends_nothing_again(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    address = send(client, drawn(7)).headers["Location"]

    assert alerts(client.get(address)) == ["Your picture has been read."]
    reloaded = client.get(address)

    assert reloaded.status_code == 200
    assert alerts(reloaded) == []
    assert Upload.objects.count() == 1


def test_what_is_wrong_with_a_picture_is_said_above_the_form(
    champion: ModelVersion, client: Client
) -> None:
    response = send(client, b"hello")

    assert response.status_code == 400
    assert alerts(response) == [
        "The file is not an image. Send a JPEG, PNG, WebP, GIF, BMP or TIFF."
    ]
    assert 'action="/predict"' in response.content.decode()
    assert alerts(client.get("/")) == []


def test_without_a_model_a_visitor_is_told_so(client: Client, drawn: Draw) -> None:
    response = send(client, drawn(7))

    assert response.status_code == 503
    assert "No model is in service" in alerts(response)[0]
    assert not Upload.objects.exists()


def test_while_the_database_is_away_a_visitor_is_told_so(
    client: Client, drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(serving.champion, "get", away)

    response = send(client, drawn(7))

    assert response.status_code == 503
    assert "can&#x27;t be reached" in alerts(response)[0]


@pytest.mark.parametrize("address", ["/result/{}", "/upload/{}.jpg", "/image/{}.png"])
@pytest.mark.parametrize("name", [NOBODY, "1", "../etc/passwd"])
def test_what_does_not_exist_is_not_found(client: Client, address: str, name: str) -> None:
    response = client.get(address.format(name))

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_the_original_of_any_format_is_shown_as_a_jpeg(
    champion: ModelVersion, client: Client, drawn: Draw, kind: str
) -> None:
    send(client, drawn(7, kind=kind))

    response = client.get(f"/upload/{Upload.objects.get().pk}.jpg")

    assert response.headers["Content-Type"] == "image/jpeg"
    assert "private" in response.headers["Cache-Control"]
    shown = Image.open(BytesIO(response.content))
    assert (shown.format, shown.size) == ("JPEG", (280, 280))


def test_what_the_model_saw_is_shown_dark_on_light_in_28_by_28(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    send(client, drawn(7))
    image = InputImage.objects.get()

    response = client.get(f"/image/{image.pk}.png")

    assert response.headers["Content-Type"] == "image/png"
    shown = Image.open(BytesIO(response.content))
    assert (shown.format, shown.size) == ("PNG", (28, 28))
    assert shown.tobytes() == bytes(255 - ink for ink in bytes(image.pixels))


def test_images_of_mnist_are_served_too(client: Client) -> None:
    """Staff compare models on them."""
    image = factories.create_mnist_image(pixels=bytes([255]) + bytes(783))

    response = client.get(f"/image/{image.pk}.png")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    seen = Image.open(BytesIO(response.content))
    assert (seen.size, seen.getpixel((0, 0)), seen.getpixel((1, 0))) == ((28, 28), 0, 255)


def test_no_result_is_listed_anywhere(champion: ModelVersion, client: Client, drawn: Draw) -> None:
    send(client, drawn(7))
    secrets = {str(Upload.objects.get().pk), str(InputImage.objects.get().pk)}
    somebody_else = Client()

    for address in ("/", "/result/", "/upload/", "/image/", "/api/images", "/readyz", "/api/docs"):
        page = somebody_else.get(address).content.decode()
        assert not [secret for secret in secrets if secret in page], address


@pytest.mark.parametrize(
    ("method", "address"), [("GET", "/predict"), ("POST", "/"), ("POST", "/result/" + NOBODY)]
)
def test_another_method_is_not_taken(client: Client, method: str, address: str) -> None:
    assert client.generic(method, address).status_code == 405


def test_a_form_of_another_site_is_refused(champion: ModelVersion, drawn: Draw) -> None:
    response = send(Client(enforce_csrf_checks=True), drawn(7))

    assert response.status_code == 403
    assert not Upload.objects.exists()
