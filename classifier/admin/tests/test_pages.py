import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.labelling import labels
from classifier.models import InputImage, LabelChange, Prediction, Via
from classifier.tests import factories
from classifier.tests.pages import get_admin_url

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/inputimage/"


def list_ids(client: Client, query: str = "") -> list[str]:
    page = client.get(LIST + query).text
    return re.findall(r'name="form-\d+-id" value="([^"]+)"', page)


def to_ids(*images: InputImage) -> list[str]:
    return [str(image.pk) for image in images]


def build_formset(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    fields = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(rows)}
    return fields | {
        f"{prefix}-{number}-{name}": value
        for number, row in enumerate(rows)
        for name, value in row.items()
    }


def build_inlines(**rows: list[dict[str, Any]]) -> dict[str, Any]:
    forms: dict[str, list[dict[str, Any]]] = {"predictions": [], "label_changes": []} | rows
    return {
        name: value
        for prefix in forms
        for name, value in build_formset(prefix, *forms[prefix]).items()
    }


def test_list_opens_on_unlabelled_images_newest_first(labeller_client: Client) -> None:
    older, newer = factories.create_image(), factories.create_image()
    factories.create_image(label="7")
    factories.create_mnist_image()

    assert list_ids(labeller_client) == to_ids(newer, older)


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("?label=7", ["7"]),
        ("?label=not_a_digit", ["not_a_digit"]),
        ("?label=all", ["7", "not_a_digit", "unknown"]),
        ("?label=3", []),
    ],
)
def test_list_is_filtered_by_label(labeller_client: Client, query: str, labels: list[str]) -> None:
    for label in ("unknown", "not_a_digit", "7"):
        factories.create_image(label=label)

    all_labels = {str(image.pk): image.label for image in InputImage.objects.all()}
    assert [all_labels[image] for image in list_ids(labeller_client, query)] == labels


def test_list_shows_picture_and_prediction(labeller_client: Client) -> None:
    image = factories.create_image()
    unsure = {"label": "unknown", "verdict": "unsure", "reason": "low_confidence"}
    factories.create_prediction(image, factories.create_version(), confidence=0.512, **unsure)

    page = labeller_client.get(LIST).text

    assert f'src="/image/{image.pk}.png"' in page
    assert ">7 (low confidence)<" in page
    assert re.search(r">51\s?%<", page)


def test_hidden_guess_is_in_neither_list_nor_page_until_there_is_a_label(
    labeller_client: Client, labeller: User, settings: Settings
) -> None:
    settings.HIDE_GUESS = True
    image = factories.create_image()
    factories.create_prediction(image, factories.create_version(), confidence=0.512)
    addresses = (LIST + "?label=all", get_admin_url(image))

    for address in addresses:
        page = labeller_client.get(address).text
        assert not re.search(r">51\s?%<", page)
        assert "made" not in page
        assert "Label many at once" not in page

    labels.set_label(image.pk, "7", labeller, Via.ADMIN)
    for address in addresses:
        assert re.search(r">51\s?%<", labeller_client.get(address).text)


def test_image_page_explains_the_verdict(labeller_client: Client) -> None:
    image = factories.create_image()
    factories.create_prediction(
        image,
        factories.create_version(),
        label="unknown",
        verdict="not_a_digit",
        reason="another_sign",
        scores={"mutual_information": 0.25, "rejection": 0.9},
    )

    page = labeller_client.get(get_admin_url(image)).text

    assert "looks like a letter, a drawing or a photo" in page
    assert "it is most likely a 7." in page
    assert "mutual information 0.250, rejection 0.900" in page


def test_labels_set_in_the_list_are_recorded(labeller_client: Client) -> None:
    older, newer, untouched = (factories.create_image() for _ in range(3))
    rows = [
        {"id": untouched.pk, "label": "unknown"},
        {"id": newer.pk, "label": "not_a_digit"},
        {"id": older.pk, "label": "3"},
    ]

    response = labeller_client.post(LIST, build_formset("form", *rows) | {"_save": "Save"})

    assert response.status_code == 302
    assert set(factories.list_label_changes()) == {
        ("labeller", "unknown", "not_a_digit", Via.ADMIN),
        ("labeller", "unknown", "3", Via.ADMIN),
    }
    assert list_ids(labeller_client) == to_ids(untouched)
    older.refresh_from_db()
    assert older.labelled_by == User.objects.get(username="labeller")


def set_label(client: Client, label: str, *images: InputImage) -> Any:
    chosen = {"action": "set_label", "label": label, "_selected_action": to_ids(*images)}
    return client.post(LIST, chosen | {"index": 0}, follow=True)


def test_label_of_selected_images_is_set_and_recorded(labeller_client: Client) -> None:
    first, second, other = (factories.create_image() for _ in range(3))

    response = set_label(labeller_client, "5", first, second)

    assert "2 images are now labelled 5." in response.text
    assert factories.list_label_changes() == [("labeller", "unknown", "5", Via.ADMIN)] * 2
    assert list_ids(labeller_client) == to_ids(other)


@pytest.mark.parametrize("label", ["", "seven"])
def test_unknown_label_is_refused_for_selected_images(labeller_client: Client, label: str) -> None:
    image = factories.create_image()

    response = set_label(labeller_client, label, image)

    assert response.status_code == 200
    assert factories.list_label_changes() == []
    assert list_ids(labeller_client) == to_ids(image)


def test_label_set_on_an_image_page_is_recorded(labeller_client: Client) -> None:
    image = factories.create_image()

    response = labeller_client.post(get_admin_url(image), {"label": "8"} | build_inlines())

    assert response.status_code == 302
    assert factories.list_label_changes() == [("labeller", "unknown", "8", Via.ADMIN)]


def test_image_page_shows_history_and_predictions(client: Client, admin_user: User) -> None:
    image, labeller = factories.create_image(), User.objects.create_user("anna")
    factories.create_prediction(image, factories.create_version(name="the-model"))
    labels.set_label(image.pk, "8", labeller, Via.API)
    labels.set_label(image.pk, "9", admin_user, Via.ADMIN)
    client.force_login(admin_user)

    page = client.get(get_admin_url(image)).text

    rows = page.split('id="label_changes-')
    cells = [dict(re.findall(r'class="field-(\w+)">\s*<p>(?:<a[^>]*>)?([^<]*)', r)) for r in rows]
    changes = [
        (row["changed_by"], row["from_label"], row["to_label"], row["via"])
        for row in cells
        if "via" in row and row["created_at"]
    ]
    assert changes == [("admin", "8", "9", "Admin"), ("anna", "unknown", "8", "API")]
    assert "the-model" in page


def test_predictions_and_history_cannot_be_changed(client: Client, admin_user: User) -> None:
    image = factories.create_image()
    prediction = factories.create_prediction(image, factories.create_version())
    labels.set_label(image.pk, "7", admin_user, Via.ADMIN)
    change = LabelChange.objects.get()
    client.force_login(admin_user)
    page = client.get(get_admin_url(image)).text
    fields = re.findall(r'name="(?:predictions|label_changes)-\d+-(\w+)"', page)
    assert set(fields) == {"id", "image"}  # hidden, to identify the row

    forged = build_inlines(
        predictions=[{"id": prediction.pk, "image": image.pk, "best_guess": "1", "DELETE": "on"}],
        label_changes=[{"id": change.pk, "image": image.pk, "to_label": "1", "DELETE": "on"}],
    )
    client.post(get_admin_url(image), {"label": "7"} | forged)

    assert Prediction.objects.get().best_guess == "7"
    assert LabelChange.objects.get().to_label == "7"


def test_viewer_cannot_label(labeller_client: Client, labeller: User) -> None:
    factories.withdraw_permission(labeller, "label_inputimage")
    image = factories.create_image()

    form = build_formset("form", {"id": image.pk, "label": "3"})
    labeller_client.post(LIST, form | {"_save": "Save"})
    set_label(labeller_client, "3", image)
    response = labeller_client.post(get_admin_url(image), {"label": "3"} | build_inlines())
    assert response.status_code == 403
    assert factories.list_label_changes() == []
