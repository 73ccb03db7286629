import re
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from PIL import Image

from classifier.models import InputImage, ModelVersion, Source, Upload
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.faults import break_champion
from classifier.tests.pictures import Draw, create_paper, encode_picture

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db


def send_picture(client: Client, data: bytes) -> "Response":
    return client.post("/predict", {"image": SimpleUploadedFile("digit.png", data)})


def get_result_page(client: Client, data: bytes) -> str:
    return client.get(send_picture(client, data).headers["Location"]).text


def list_alerts(response: "Response") -> list[str]:
    pattern = r'<(?:div class="alert|p role="alert")[^>]*>([^<]*)<'
    return re.findall(pattern, response.text)


def list_answers(page: str) -> list[str]:
    """Return the texts in large print."""
    return re.findall(r'class="answer[^>]*>([^<]*)<', page)


def test_home_page_has_upload_form(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    page = response.text
    assert 'action="/predict" method="post" enctype="multipart/form-data"' in page
    assert 'type="file" id="image" name="image"' in page
    assert "csrfmiddlewaretoken" in page


def test_upload_redirects_to_result(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    response = send_picture(client, draw_digit(7))

    upload = Upload.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/result/{upload.pk}")
    assert upload.source == Source.WEB


def test_result_shows_digit_bars_model_and_pictures(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    page = get_result_page(client, draw_digit(7))

    assert list_answers(page) == ["7"]
    assert re.findall(r'<th scope="row">(\d)</th>', page) == list("0123456789")
    bars = [float(value) for value in re.findall(r'<progress [^>]*value="([^"]*)"', page)]
    assert len(bars) == 10
    assert bars.index(max(bars)) == 7
    assert sum(bars) == pytest.approx(1, abs=0.001)
    assert "<code>baseline</code>" in page
    assert f'src="/upload/{Upload.objects.get().pk}.jpg"' in page
    assert f'src="/image/{InputImage.objects.get().pk}.png"' in page


def test_result_shows_newest_prediction(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    address = send_picture(client, draw_digit(7)).headers["Location"]
    factories.create_prediction(
        InputImage.objects.get(), factories.create_version(name="next"), label="1", best_guess="1"
    )

    page = client.get(address).text

    assert list_answers(page) == ["1"]
    assert "<code>next</code>" in page


def test_unsure_result_names_likeliest_digits_in_each_language(
    client: Client, draw_digit: Draw
) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote_model("strict")

    address = send_picture(client, draw_digit(7)).headers["Location"]
    page = client.get(address).text
    german = client.get(address, headers={"Accept-Language": "de"}).text

    assert list_answers(page) == ["?"]
    assert re.search(r"This could be a 7 or an? \d\.", page)
    assert re.search(r"Das könnte eine 7 oder eine \d sein\.", german)


def test_blank_picture_is_reported_as_blank(champion: ModelVersion, client: Client) -> None:
    page = get_result_page(client, encode_picture(create_paper(100, 100)))

    assert "There is nothing written in this picture." in page
    assert "<progress" not in page


def test_reloading_result_repeats_neither_message_nor_upload(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    address = send_picture(client, draw_digit(7)).headers["Location"]

    assert list_alerts(client.get(address)) == ["Your picture has been read."]
    reloaded = client.get(address)

    assert reloaded.status_code == 200
    assert list_alerts(reloaded) == []
    assert Upload.objects.count() == 1


def test_unreadable_file_shows_error_above_form(champion: ModelVersion, client: Client) -> None:
    response = send_picture(client, b"hello")

    assert response.status_code == 400
    assert list_alerts(response) == [
        "The file is not an image. Send a JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF."
    ]
    assert 'action="/predict"' in response.text
    assert list_alerts(client.get("/")) == []


def test_missing_model_shows_error(client: Client, draw_digit: Draw) -> None:
    response = send_picture(client, draw_digit(7))

    assert response.status_code == 503
    assert "No model is in service" in list_alerts(response)[0]
    assert not Upload.objects.exists()


def test_unreachable_database_shows_error(
    client: Client, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_champion(monkeypatch, OperationalError("the connection is closed"))

    response = send_picture(client, draw_digit(7))

    assert response.status_code == 503
    assert "can&#x27;t be reached" in list_alerts(response)[0]


@pytest.mark.parametrize("address", ["/result/{}", "/upload/{}.jpg", "/image/{}.png"])
@pytest.mark.parametrize("name", [factories.UNKNOWN_ID, "1", "../etc/passwd"])
def test_unknown_ids_are_not_found(client: Client, address: str, name: str) -> None:
    response = client.get(address.format(name))

    assert response.status_code == 404
    assert "There is nothing here" in response.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_original_of_any_format_is_served_as_jpeg(
    champion: ModelVersion, client: Client, draw_digit: Draw, kind: str
) -> None:
    send_picture(client, draw_digit(7, kind=kind))

    response = client.get(f"/upload/{Upload.objects.get().pk}.jpg")

    assert response.headers["Content-Type"] == "image/jpeg"
    assert "private" in response.headers["Cache-Control"]
    picture = Image.open(BytesIO(response.content))
    assert (picture.format, picture.size) == ("JPEG", (280, 280))


def test_model_input_is_served_dark_on_light(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    send_picture(client, draw_digit(7))
    image = InputImage.objects.get()

    response = client.get(f"/image/{image.pk}.png")

    assert response.headers["Content-Type"] == "image/png"
    picture = Image.open(BytesIO(response.content))
    assert (picture.format, picture.size) == ("PNG", (28, 28))
    assert picture.tobytes() == bytes(255 - ink for ink in bytes(image.pixels))


def test_mnist_images_are_served(client: Client) -> None:
    image = factories.create_mnist_image(pixels=bytes([255]) + bytes(783))

    response = client.get(f"/image/{image.pk}.png")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    picture = Image.open(BytesIO(response.content))
    assert (picture.size, picture.getpixel((0, 0)), picture.getpixel((1, 0))) == ((28, 28), 0, 255)


def test_results_of_others_are_not_listed(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    send_picture(client, draw_digit(7))
    secrets = {str(Upload.objects.get().pk), str(InputImage.objects.get().pk)}
    other_client = Client()

    for address in ("/", "/result/", "/upload/", "/image/", "/api/images", "/readyz", "/api/docs"):
        page = other_client.get(address).text
        assert not [secret for secret in secrets if secret in page], address


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/predict"), ("POST", "/"), ("POST", "/result/" + factories.UNKNOWN_ID)],
)
def test_other_methods_are_rejected(client: Client, method: str, address: str) -> None:
    assert client.generic(method, address).status_code == 405


def test_form_without_csrf_token_is_rejected(champion: ModelVersion, draw_digit: Draw) -> None:
    response = send_picture(Client(enforce_csrf_checks=True), draw_digit(7))

    assert response.status_code == 403
    assert not Upload.objects.exists()
