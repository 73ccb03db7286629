import json
import re
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema
from PIL import Image

from classifier.models import InputImage, ModelVersion, Source, Upload
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.pictures import Draw, create_paper, draw_number, encode_picture

pytestmark = pytest.mark.django_db


VERDICT_FIELDS = {
    "id",
    "label",
    "verdict",
    "reason",
    "sentence",
    "best_guess",
    "confidence",
    "probabilities",
}
ANSWER_FIELDS = VERDICT_FIELDS | {"digits", "left_out", "lines", "model", "delete_key"}
DIGIT_FIELDS = VERDICT_FIELDS | {"box"}


def send_picture(client: Client, data: bytes) -> Any:
    return client.post("/api/predict", {"image": SimpleUploadedFile("digit.png", data)})


def test_picture_in_form_field_is_read(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    response = send_picture(client, draw_digit(7))

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    answer = response.json()
    assert set(answer) == ANSWER_FIELDS
    assert (answer["label"], answer["verdict"], answer["reason"]) == ("7", "digit", None)
    assert (answer["best_guess"], answer["model"]) == ("7", "baseline")
    assert list(answer["probabilities"]) == list("0123456789")
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["confidence"] == answer["probabilities"]["7"]
    [digit] = answer["digits"]
    assert set(digit) == DIGIT_FIELDS
    assert (digit["label"], digit["confidence"]) == ("7", answer["confidence"])
    left, top, width, height = digit["box"]
    assert 0 < left < left + width < 280
    assert 0 < top < top + height < 280


def test_ids_in_answer_match_database(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    answer = send_picture(client, draw_digit(7)).json()

    assert answer["id"] == str(Upload.objects.get(source=Source.API).pk)
    assert answer["digits"][0]["id"] == str(InputImage.objects.get(source=Source.API).pk)
    assert client.get(f"/result/{answer['id']}").status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "image/png",
        "image/jpeg",  # a wrong type
        "application/octet-stream",
        "application/x-www-form-urlencoded",  # the default of curl --data-binary
        "application/json",
        "text/plain; charset=utf-8",
    ],
)
def test_body_of_any_type_is_read_as_picture(
    champion: ModelVersion, client: Client, draw_digit: Draw, media_type: str
) -> None:
    response = client.generic("POST", "/api/predict", draw_digit(7), content_type=media_type)

    assert (response.status_code, json.loads(response.content)["label"]) == (200, "7")
    assert Upload.objects.get().size == len(draw_digit(7))


def test_large_picture_is_read_from_body_and_field(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    picture = encode_picture(Image.open(BytesIO(draw_digit(7))).resize((2000, 2000)), "BMP")
    assert 3_000_000 < len(picture) < 10_000_000

    body = client.generic("POST", "/api/predict", picture, content_type="image/bmp")
    field = send_picture(client, picture)

    assert [response.status_code for response in (body, field)] == [200, 200]
    assert field.json()["label"] == "7"


def test_several_digits_are_read_as_number(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    answer = send_picture(client, draw_number(draw_digit, "72")).json()

    assert (answer["label"], answer["best_guess"], answer["probabilities"]) == ("72", "72", None)
    assert [digit["label"] for digit in answer["digits"]] == ["7", "2"]
    assert [(line["text"], line["digits"]) for line in answer["lines"]] == [("72", [0, 1])]


def test_unsure_answer_has_reason_and_best_guess(client: Client, draw_digit: Draw) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote_model("strict")

    answer = send_picture(client, draw_digit(7)).json()

    assert (answer["label"], answer["verdict"]) == ("unknown", "unsure")
    assert (answer["reason"], answer["best_guess"]) == ("low_confidence", "7")
    assert answer["digits"][0]["label"] == "unknown"


def test_blank_picture_is_not_a_digit(champion: ModelVersion, client: Client) -> None:
    answer = send_picture(client, encode_picture(create_paper(100, 100))).json()

    assert set(answer) == ANSWER_FIELDS
    assert (answer["label"], answer["verdict"]) == ("unknown", "not_a_digit")
    assert (answer["reason"], answer["best_guess"]) == ("blank", None)
    assert (answer["confidence"], answer["digits"]) == (None, [])


def test_session_needs_no_csrf_token(
    champion: ModelVersion, draw_digit: Draw, outsider: Any
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(outsider)

    assert send_picture(client, draw_digit(7)).status_code == 200


def test_schema_is_public_valid_and_lists_recognition_first(client: Client) -> None:
    response = client.get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json")

    schema = json.loads(response.content)
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert set(schema["paths"]) == {
        "/api/predict",
        "/api/predict/many",
        "/api/preview",
        "/api/uploads/{id}",
        "/api/uploads/{id}/corrections",
        "/api/uploads/{id}/preview",
        "/api/uploads/{id}/receipt",
        "/api/images",
        "/api/images/{id}",
        "/api/images/{id}/suggestions",
        "/api/labels",
        "/api/labels.npz",
        "/api/labels.zip",
        "/api/labels/import",
        "/api/models",
        "/api/models/{name}",
        "/api/models/{name}/promote",
        "/api/promotions",
        "/api/promotions/rollback",
        "/api/runs",
        "/api/runs/{id}",
        "/api/runs/{id}/cancel",
    }
    paths = schema["paths"]
    assert [*paths][:4] == ["/api/predict", "/api/predict/many", "/api/preview", "/api/images"]
    assert [*paths["/api/images/{id}"]] == ["get", "patch"]
    assert [*paths["/api/uploads/{id}"]] == ["get", "delete"]
    answers = paths["/api/predict"]["post"]["responses"]
    assert {"200", "400", "413", "415", "503"} <= set(answers)


def test_schema_has_no_warnings() -> None:
    schema = StringIO()

    call_command("spectacular", "--fail-on-warn", stdout=schema)

    assert schema.getvalue().startswith("openapi: 3.1")


def test_docs_load_nothing_from_other_hosts(client: Client) -> None:
    page = client.get("/api/docs").text

    addresses = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert [address for address in addresses if "swagger-ui" in address]
    assert [address for address in addresses if re.match(r"(\w+:)?//", address)] == []
