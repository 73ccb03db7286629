"""The page of an answer: where digits are, why they are read so, and what it costs to show."""

import re
from collections.abc import Callable
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
from classifier.uploads import pictures, submission

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def seven(champion: ModelVersion, drawn: Draw) -> Upload:
    return sent(drawn(7))


@pytest.fixture
def year(champion: ModelVersion, drawn: Draw) -> Upload:
    """2019, side by side."""
    paper = Image.new("L", (4 * 280, 280), 255)
    for place, digit in enumerate((2, 0, 1, 9)):
        paper.paste(Image.open(BytesIO(drawn(digit))), (280 * place, 0))
    return sent(png(paper))


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def sent(data: bytes, visitor: UUID | None = None) -> Upload:
    submission.classify_picture(data, Source.WEB)
    Upload.objects.update(visitor=visitor)
    return Upload.objects.get()


def result_page(client: Client, upload: Upload) -> str:
    return client.get(f"/result/{upload.pk}").content.decode()


def image_of(upload: Upload) -> InputImage:
    return upload.images.get()


def focus_address(upload: Upload, kind: str = "png") -> str:
    return f"/image/{image_of(upload).pk}/focus.{kind}"


def test_the_likeliest_other_digits_are_one_click_away(client: Client, seven: Upload) -> None:
    page = result_page(client, seven)
    probabilities = image_of(seven).predictions.get().by_digit
    falling = sorted(probabilities, key=lambda digit: -probabilities[digit])
    before_details = page.split("<fieldset>")[1].split("<details>")[0]
    offered = re.findall(r'name="label" value="([^"]*)"', before_details)
    assert offered == [*falling[1:3], "not_a_digit"]


def test_each_of_several_digits_is_boxed_where_it_is_and_leads_to_its_part(
    client: Client, year: Upload
) -> None:
    page = result_page(client, year)
    assert re.findall(r'class="answer[^>]*>([^<]*)<', page) == ["2019"]
    assert f'viewBox="0 0 {year.width} {year.height}"' in page
    boxes = re.findall(
        r'<a href="#(digit-\d)"[^>]*><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', page
    )
    stored = year.images.order_by("position").values_list("box", flat=True)
    assert [list(map(int, box[1:])) for box in boxes] == list(stored)
    assert [box[0] for box in boxes] == re.findall(r'id="(digit-\d)"', page)
    assert re.findall(r'aria-label="(Number \d: \d)"', page) == [
        "Number 1: 2",
        "Number 2: 0",
        "Number 3: 1",
        "Number 4: 9",
    ]


def test_single_digit_is_boxed(client: Client, seven: Upload) -> None:
    page = result_page(client, seven)
    x, y, width, height = image_of(seven).box or []
    assert f'viewBox="0 0 {seven.width} {seven.height}"' in page
    assert f'<rect x="{x}" y="{y}" width="{width}" height="{height}"' in page
    assert 'aria-label="Where the digit is" class="digit"' in page
    assert 'href="#digit-1"' not in page


def test_a_doubtful_digit_among_several_is_a_question_mark(client: Client, year: Upload) -> None:
    third = year.images.order_by("position")[2]
    doubt = {"label": "unknown", "verdict": "unsure", "reason": "low_confidence"}
    factories.create_prediction(third, ModelVersion.objects.get(), best_guess="1", **doubt)
    page = result_page(client, year)
    assert re.findall(r'class="answer[^>]*>([^<]*)<', page) == ["20?9"]
    assert 'aria-label="Number 3: ?"' in page


def test_a_word_on_one_of_several_leads_back_to_that_one(client: Client, year: Upload) -> None:
    third = year.images.order_by("position")[2]
    response = client.post(f"/suggest/{third.pk}", {"label": "7"})
    assert response.headers["Location"] == f"/result/{year.pk}#digit-3"
    assert "you said 7" in result_page(client, year)


def test_pictures_take_their_room_before_they_are_there(client: Client, year: Upload) -> None:
    for picture in re.findall(r"<img [^>]*>", result_page(client, year)):
        assert re.search(r'width="\d+" height="\d+"', picture), picture


def test_a_blank_picture_gets_advice_and_nothing_to_say_of_it(
    champion: ModelVersion, client: Client
) -> None:
    page = result_page(client, sent(png(Image.new("L", (100, 100), 255))))
    assert "A picture that can be read" in page
    assert "/suggest/" not in page
    assert "focus" not in page


def test_only_the_browser_that_sent_a_picture_is_offered_to_delete_it(
    client: Client, champion: ModelVersion, drawn: Draw
) -> None:
    visitor = UUID(int=7)
    upload = sent(drawn(7), visitor)
    assert f"/delete/{upload.pk}" not in result_page(client, upload)
    client.cookies["visitor"] = str(visitor)
    assert f'action="/delete/{upload.pk}" method="post"' in result_page(client, upload)


def test_where_it_looked_is_orange_and_blue_on_paper(client: Client, seven: Upload) -> None:
    response = client.get(focus_address(seven))
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "private, max-age=86400"
    shown = np.asarray(Image.open(BytesIO(response.content)), int)
    assert shown.shape == (224, 224, 3)
    assert (shown[0, 0] == 255).all()
    assert (shown[..., 0] - shown[..., 2]).max() > 100


def test_what_speaks_against_the_guess_is_blue_and_the_rest_is_grey() -> None:
    weight = np.zeros((28, 28))
    weight[:, :7], weight[:, 21:] = 4, -4
    found = occlusion.Focus(np.full((28, 28), 255, np.uint8), "7", 0.9, weight, (21, 7), 0.1, None)
    shown = np.asarray(Image.open(BytesIO(pictures.render_focus(found))))
    assert tuple(shown[50, 20]) == pictures.FOR
    assert tuple(shown[50, 112]) == pictures.LITTLE
    assert tuple(shown[50, 200]) == pictures.AGAINST
    assert tuple(shown[21 * 8, 7 * 8]) == pictures.OUTLINE


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("1", "Without what is in the square, the answer would be 1 instead of 7."),
        (None, "without that, 7 has 41.20 % instead of 99.50 %."),
    ],
)
def test_it_is_told_in_words_too(
    client: Client,
    seven: Upload,
    monkeypatch: pytest.MonkeyPatch,
    instead: str | None,
    told: str,
) -> None:
    found = occlusion.Focus(
        np.zeros((28, 28), np.uint8), "7", 0.995, np.zeros((28, 28)), (0, 0), 0.412, instead
    )
    monkeypatch.setattr(occlusion, "focus", lambda *_: found)
    response = client.get(focus_address(seven, "txt"))
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert told in response.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_the_picture_and_its_words_are_worked_out_once(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    focus = Mock(wraps=occlusion.focus)
    monkeypatch.setattr(occlusion, "focus", focus)
    assert client.get(focus_address(seven)).status_code == 200
    assert client.get(focus_address(seven, "txt")).status_code == 200
    focus.assert_called_once()


def test_of_what_another_model_read_nothing_is_made_up(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.copy_bundled_model("next")
    versions.promote("next")
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())
    page = result_page(client, seven)
    assert "Another one is in service now" in page
    assert "focus" not in page
    assert "/exemplar/" not in page
    assert client.get(focus_address(seven)).status_code == 404


def test_without_a_model_in_service_a_result_is_still_shown(client: Client) -> None:
    image = factories.create_image()
    factories.create_prediction(image, factories.create_version())
    assert image.upload
    assert "focus" not in result_page(client, image.upload)
    assert client.get(f"/image/{image.pk}/focus.png").status_code == 404


@pytest.mark.parametrize("kind", ["png", "txt"])
def test_there_is_no_focus_of_what_nobody_sent(
    client: Client, champion: ModelVersion, kind: str
) -> None:
    for image in (NOBODY, factories.create_mnist_image().pk):
        assert client.get(f"/image/{image}/focus.{kind}").status_code == 404


def test_the_nearest_training_digits_are_shown_with_what_they_are(
    client: Client, seven: Upload
) -> None:
    page = result_page(client, seven)
    shown = re.findall(r'<img [^>]*src="(/exemplar/[^"]*)"[^>]*><span>(\d)</span>', page)
    assert [label for _, label in shown] == ["7"] * 5
    for address, _ in shown:
        response = client.get(address)
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert Image.open(BytesIO(response.content)).size == (28, 28)


def test_exemplars_are_of_the_model_in_service_and_of_no_other(
    client: Client, champion: ModelVersion
) -> None:
    mine = champion.checksum[:16]
    assert client.get(f"/exemplar/{mine}/2999.png").status_code == 200
    for address in (f"{mine}/3000", f"{'0' * 16}/0", "baseline/0"):
        assert client.get(f"/exemplar/{address}.png").status_code == 404


def test_a_model_of_before_has_no_exemplars_and_shows_everything_else(
    client: Client, drawn: Draw
) -> None:
    folder = factories.copy_bundled_model("earlier")
    (folder / model_folder.EXEMPLARS).unlink()
    bundled = model_folder.read(settings.BUNDLED_MODELS_DIR / "baseline")
    model_folder.write_manifest(folder, replace(bundled, name="earlier"))
    earlier = versions.promote("earlier")
    upload = sent(drawn(7))
    page = result_page(client, upload)
    assert "/exemplar/" not in page
    assert client.get(f"/exemplar/{earlier.checksum[:16]}/0.png").status_code == 404
    assert client.get(focus_address(upload)).status_code == 200


def test_an_original_that_a_browser_has_is_not_read_again(
    client: Client, seven: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/upload/{seven.pk}.jpg"
    etag = client.get(address).headers["ETag"]
    monkeypatch.delattr(pictures, "render_upload")
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    seven.delete()
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 404


def test_an_address_may_look_at_so_many_pictures_a_second(
    client: Client, seven: Upload, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PictureThrottle, "rate", "2/s", raising=False)
    monkeypatch.setattr(PictureThrottle, "timer", lambda _: 1000.0)
    address = f"/upload/{seven.pk}.jpg"
    etag = client.get(address).headers["ETag"]
    assert client.get(focus_address(seven)).status_code == 200
    refused = client.get(address)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert "max-age" not in refused.headers.get("Cache-Control", "")
    assert client.get(focus_address(seven, "txt")).status_code == 429
    # What costs nothing is not counted.
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(f"/image/{image_of(seven).pk}.png").status_code == 200
