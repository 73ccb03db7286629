import re
from dataclasses import replace
from io import BytesIO
from unittest.mock import Mock
from uuid import UUID

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from PIL import Image
from pytest_django.fixtures import Settings

from classifier.access.throttles import PictureThrottle
from classifier.models import InputImage, ModelVersion, Source, Upload
from classifier.recognition import model_folder, occlusion
from classifier.registry import serving, versions
from classifier.tests import factories
from classifier.tests.pictures import Draw, create_paper, draw_number, encode_picture
from classifier.uploads import pictures, submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(champion: ModelVersion, draw_digit: Draw) -> Upload:
    return create_upload(draw_digit(7))


@pytest.fixture
def year(champion: ModelVersion, draw_digit: Draw) -> Upload:
    return create_upload(draw_number(draw_digit, "2019"))


def create_upload(data: bytes, visitor: UUID | None = None) -> Upload:
    submission.classify_picture(data, Source.WEB)
    Upload.objects.update(visitor=visitor)
    return Upload.objects.get()


def get_result_page(client: Client, upload: Upload) -> str:
    return client.get(f"/result/{upload.pk}").text


def get_image(upload: Upload) -> InputImage:
    return upload.images.get()


def get_focus_address(upload: Upload, kind: str = "png") -> str:
    return f"/image/{get_image(upload).pk}/focus.{kind}"


def test_likeliest_alternatives_are_offered_first(client: Client, seven: Upload) -> None:
    page = get_result_page(client, seven)
    probabilities = get_image(seven).predictions.get().by_digit
    likeliest = sorted(probabilities, key=lambda digit: -probabilities[digit])
    before_details = page.split("<fieldset>")[1].split("<details>")[0]
    offered = re.findall(r'name="label" value="([^"]*)"', before_details)
    assert offered == [*likeliest[1:3], "not_a_digit"]


def test_boxes_link_to_digits(client: Client, year: Upload) -> None:
    page = get_result_page(client, year)
    assert re.findall(r'class="answer[^>]*>([^<]*)<', page) == ["2019"]
    assert f'viewBox="0 0 {year.width} {year.height}"' in page
    boxes = re.findall(
        r'<a href="#(digit-\d)"[^>]*><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', page
    )
    stored = year.images.order_by("position").values_list("box", flat=True)
    assert [list(map(int, box[1:])) for box in boxes] == list(stored)
    assert [box[0] for box in boxes] == re.findall(r'id="(digit-\d)"', page)
    assert re.findall(r'aria-label="(Digit \d: \d)"', page) == [
        "Digit 1: 2",
        "Digit 2: 0",
        "Digit 3: 1",
        "Digit 4: 9",
    ]


def test_single_digit_is_boxed(client: Client, seven: Upload) -> None:
    page = get_result_page(client, seven)
    x, y, width, height = get_image(seven).box or []
    assert f'viewBox="0 0 {seven.width} {seven.height}"' in page
    assert f'<rect x="{x}" y="{y}" width="{width}" height="{height}"' in page
    assert 'aria-label="Position of the digit" class="digit"' in page
    assert 'href="#digit-1"' not in page


def test_unsure_digit_is_question_mark(client: Client, year: Upload) -> None:
    third = year.images.order_by("position")[2]
    doubt = {"label": "unknown", "verdict": "unsure", "reason": "low_confidence"}
    factories.create_prediction(third, ModelVersion.objects.get(), best_guess="1", **doubt)
    page = get_result_page(client, year)
    assert re.findall(r'class="answer[^>]*>([^<]*)<', page) == ["20?9"]
    assert 'aria-label="Digit 3: ?"' in page


def test_suggestion_redirects_to_digit(client: Client, year: Upload) -> None:
    third = year.images.order_by("position")[2]
    response = client.post(f"/suggest/{third.pk}", {"label": "7"})
    assert response.headers["Location"] == f"/result/{year.pk}#digit-3"
    assert "your suggestion: 7" in get_result_page(client, year)


def test_pictures_have_sizes(client: Client, year: Upload) -> None:
    for picture in re.findall(r"<img [^>]*>", get_result_page(client, year)):
        assert re.search(r'width="\d+" height="\d+"', picture), picture


def test_blank_picture_gets_tips(champion: ModelVersion, client: Client) -> None:
    page = get_result_page(client, create_upload(encode_picture(create_paper(100, 100))))
    assert "How to get a readable picture" in page
    assert "/suggest/" not in page
    assert "focus" not in page


def test_delete_button_is_for_sender_only(
    client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    visitor = UUID(int=7)
    upload = create_upload(draw_digit(7), visitor)
    assert f"/delete/{upload.pk}" not in get_result_page(client, upload)
    client.cookies["visitor"] = str(visitor)
    assert f'action="/delete/{upload.pk}" method="post"' in get_result_page(client, upload)


def test_focus_map_is_coloured(client: Client, seven: Upload) -> None:
    response = client.get(get_focus_address(seven))
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "private, max-age=86400"
    pixels = np.asarray(Image.open(BytesIO(response.content)), int)
    assert pixels.shape == (224, 224, 3)
    assert (pixels[0, 0] == 255).all()
    assert (pixels[..., 0] - pixels[..., 2]).max() > 100


def test_focus_map_colours_show_weights() -> None:
    weight = np.zeros((28, 28))
    weight[:, :7], weight[:, 21:] = 4, -4
    focus = occlusion.Focus(np.full((28, 28), 255, np.uint8), "7", 0.9, weight, (21, 7), 0.1, None)
    pixels = np.asarray(Image.open(BytesIO(pictures.render_focus(focus))))
    assert tuple(pixels[50, 20]) == pictures.FOR
    assert tuple(pixels[50, 112]) == pictures.NEUTRAL
    assert tuple(pixels[50, 200]) == pictures.AGAINST
    assert tuple(pixels[21 * 8, 7 * 8]) == pictures.OUTLINE


@pytest.mark.parametrize(
    ("instead", "text"),
    [
        ("1", "without it, the answer would be 1 instead of 7."),
        (None, "the probability of 7 falls from > 99 % to 41 %."),
    ],
)
def test_focus_is_described_in_words(
    client: Client,
    seven: Upload,
    monkeypatch: pytest.MonkeyPatch,
    instead: str | None,
    text: str,
) -> None:
    focus = occlusion.Focus(
        np.zeros((28, 28), np.uint8), "7", 0.995, np.zeros((28, 28)), (0, 0), 0.412, instead
    )
    monkeypatch.setattr(occlusion, "find_focus", lambda *_: focus)
    response = client.get(get_focus_address(seven, "txt"))
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text in response.text.replace("\N{NO-BREAK SPACE}", " ")


def test_focus_is_computed_once(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    focus = Mock(wraps=occlusion.find_focus)
    monkeypatch.setattr(occlusion, "find_focus", focus)
    assert client.get(get_focus_address(seven)).status_code == 200
    assert client.get(get_focus_address(seven, "txt")).status_code == 200
    focus.assert_called_once()


def test_answer_of_another_model_is_not_explained(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.copy_bundled_model("next")
    versions.promote_model("next")
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())
    page = get_result_page(client, seven)
    assert "Another model is in use now" in page
    assert "focus" not in page
    assert "/exemplar/" not in page
    assert client.get(get_focus_address(seven)).status_code == 404


def test_result_works_without_model(client: Client) -> None:
    image = factories.create_image()
    factories.create_prediction(image, factories.create_version())
    assert image.upload
    assert "focus" not in get_result_page(client, image.upload)
    assert client.get(f"/image/{image.pk}/focus.png").status_code == 404


@pytest.mark.parametrize("kind", ["png", "txt"])
def test_focus_of_unknown_image_is_not_found(
    client: Client, champion: ModelVersion, kind: str
) -> None:
    for image in (factories.UNKNOWN_ID, factories.create_mnist_image().pk):
        assert client.get(f"/image/{image}/focus.{kind}").status_code == 404


def test_similar_training_images_are_shown(client: Client, seven: Upload) -> None:
    page = get_result_page(client, seven)
    neighbours = re.findall(r'<img [^>]*src="(/exemplar/[^"]*)"[^>]*><span>(\d)</span>', page)
    assert [label for _, label in neighbours] == ["7"] * 5
    for address, _ in neighbours:
        response = client.get(address)
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert Image.open(BytesIO(response.content)).size == (28, 28)


def test_exemplar_of_another_model_is_missing(client: Client, champion: ModelVersion) -> None:
    mine = champion.checksum[:16]
    assert client.get(f"/exemplar/{mine}/2999.png").status_code == 200
    for address in (f"{mine}/3000", f"{'0' * 16}/0", "baseline/0"):
        assert client.get(f"/exemplar/{address}.png").status_code == 404


def test_model_without_exemplars_is_explained_without_them(
    client: Client, draw_digit: Draw
) -> None:
    folder = factories.copy_bundled_model("earlier")
    (folder / model_folder.EXEMPLARS).unlink()
    bundled = model_folder.verify(settings.BUNDLED_MODELS_DIR / "baseline")
    model_folder.write_manifest(folder, replace(bundled, name="earlier"))
    earlier = versions.promote_model("earlier")
    upload = create_upload(draw_digit(7))
    page = get_result_page(client, upload)
    assert "/exemplar/" not in page
    assert client.get(f"/exemplar/{earlier.checksum[:16]}/0.png").status_code == 404
    assert client.get(get_focus_address(upload)).status_code == 200


def test_cached_original_is_not_read_again(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/upload/{seven.pk}.jpg"
    etag = client.get(address).headers["ETag"]
    monkeypatch.delattr(pictures, "render_upload")
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    seven.delete()
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 404


def test_pictures_are_throttled(
    client: Client, seven: Upload, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PictureThrottle, "requests", 2)
    monkeypatch.setattr(PictureThrottle, "seconds", 3600)
    address = f"/upload/{seven.pk}.jpg"
    etag = client.get(address).headers["ETag"]
    assert client.get(get_focus_address(seven)).status_code == 200
    throttled = client.get(address)
    assert throttled.status_code == 429
    assert 1700 < int(throttled.headers["Retry-After"]) <= 1800
    assert "max-age" not in throttled.headers.get("Cache-Control", "")
    assert client.get(get_focus_address(seven, "txt")).status_code == 429
    # Cached and cheap pictures do not count.
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(f"/image/{get_image(seven).pk}.png").status_code == 200
