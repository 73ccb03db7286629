from typing import Any

import pytest
from django.test import Client

from classifier.models import Correction, InputImage, ModelVersion
from classifier.tests import factories
from classifier.tests.pictures import SIDE, Draw, draw_number

pytestmark = pytest.mark.django_db

BOXES = [[0, 0, SIDE, SIDE], [SIDE, 0, SIDE, SIDE]]


@pytest.fixture
def upload(champion: ModelVersion, client: Client, draw_digit: Draw) -> str:
    answer = client.post("/api/predict", draw_number(draw_digit, "42"), "image/png").json()
    return str(answer["id"])


def post(client: Client, upload: str, action: str, **body: Any) -> Any:
    return client.post(f"/api/uploads/{upload}/{action}", body, "application/json")


def test_boxes_are_read_without_being_stored(client: Client, upload: str) -> None:
    response = post(client, upload, "preview", boxes=[BOXES[1], [0, 0, 9, 9]])

    assert response.status_code == 200
    two, nothing = response.json()["digits"]
    assert (two["best_guess"], two["box"], two["id"]) == ("2", BOXES[1], None)
    assert nothing is None
    assert InputImage.objects.count() == 2


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 2 * SIDE + 1, 5]], "Box 1 is not inside the picture"),
        ([[0, 0, 5]], "at least 4"),
        ([[0, 0, 5, "x"]], "valid integer"),
        ([], "at least 1"),
        (None, "null"),
    ],
)
def test_unusable_boxes_are_refused(client: Client, upload: str, boxes: Any, message: str) -> None:
    response = post(client, upload, "preview", boxes=boxes)
    assert response.status_code == 400
    assert message in response.json()["detail"]


def test_correction_is_recorded(client: Client, upload: str) -> None:
    response = post(client, upload, "corrections", text="47", boxes=BOXES)

    assert response.status_code == 201
    assert response.json()["text"] == "47"
    assert [digit["label"] for digit in response.json()["digits"]] == ["4", "7"]
    assert Correction.objects.get().text == "47"


def test_correction_without_boxes_keeps_those_of_the_answer(client: Client, upload: str) -> None:
    answer = client.get(f"/api/uploads/{upload}").json()

    digits = post(client, upload, "corrections", text="47").json()["digits"]

    assert [digit["image"] for digit in digits] == [each["id"] for each in answer["digits"]]
    assert [digit["box"] for digit in digits] == [each["box"] for each in answer["digits"]]


def test_correction_with_too_few_digits_is_refused(client: Client, upload: str) -> None:
    response = post(client, upload, "corrections", text="4")
    assert response.status_code == 400
    assert response.json()["detail"] == (
        "Each digit needs one box, but the number of digits is 1 and that of boxes is 2."
    )


@pytest.mark.parametrize(
    ("action", "body"), [("preview", {"boxes": BOXES}), ("corrections", {"text": "42"})]
)
def test_unknown_upload_is_not_found(client: Client, action: str, body: dict[str, Any]) -> None:
    assert post(client, factories.UNKNOWN_ID, action, **body).status_code == 404
