import pytest
from django.test import Client

from classifier.labelling.tests.test_rows import create_row, get_labels
from classifier.tests.pages import read_text

pytestmark = pytest.mark.django_db

ROWS = "/admin/classifier/inputimage/rows/"


@pytest.mark.parametrize("text", ["15n-", " 15 N-"])
def test_typed_characters_label_the_row(labeller_client: Client, text: str) -> None:
    row = create_row(0.5, 0.5, 0.5, 0.5)

    labeller_client.post(ROWS, {"image": [item.pk for item in row], "text": text})

    assert get_labels(row) == ["1", "5", "not_a_digit", "unknown"]
    labeller_client.post(ROWS, {"undo": "1"})
    assert get_labels(row) == ["unknown"] * 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("157", "The row has 2 marked images. Type one character for each, not 3:"),
        ("1x", "'x' is not a label."),
        ("", "Type one character for each, not 0:"),
    ],
)
def test_wrong_characters_are_refused_with_the_reason(
    labeller_client: Client, text: str, message: str
) -> None:
    row = create_row(0.5, 0.5)

    labeller_client.post(ROWS, {"image": [item.pk for item in row], "text": text})

    assert get_labels(row) == ["unknown"] * 2
    assert message in read_text(labeller_client, ROWS)


def test_nothing_to_undo_and_deleted_images_are_reported(labeller_client: Client) -> None:
    labeller_client.post(ROWS, {"undo": "1"})
    assert "There is nothing to undo." in read_text(labeller_client, ROWS)
    row = create_row(0.5, 0.5)
    ids = [item.pk for item in row]
    row[0].image.delete()
    labeller_client.post(ROWS, {"image": ids, "text": "12"})

    assert "An image of this row has been deleted." in read_text(labeller_client, ROWS)
