from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.labelling import labels
from classifier.labelling.tests.test_imports import import_archive
from classifier.models import Delivery, InputImage, Prediction, Upload, Via, Webhook
from classifier.registry import serving, versions
from classifier.tests import factories
from classifier.tests.pictures import Draw, draw_number
from classifier.uploads import deletion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("champion")]


def export_archive(client: Client, address: str) -> bytes:
    content: bytes = client.get(address).getvalue()
    return content


@pytest.mark.parametrize("address", ["/api/labels.zip", "/api/labels.npz"])
def test_exported_and_deleted_uploads_are_imported_unchanged(
    labeller_api: Client, draw_digit: Draw, labeller: User, address: str
) -> None:
    for digit in range(10):
        answer = labeller_api.post("/api/predict", draw_digit(digit, 3), "image/png").json()
        label = "not_a_digit" if digit == 9 else str(digit)
        labels.set_label(UUID(answer["digits"][0]["id"]), label, labeller, Via.QUEUE)
    before = {image.label: bytes(image.pixels) for image in InputImage.objects.all()}
    archive = export_archive(labeller_api, address)
    deletion.delete_uploads([*Upload.objects.values_list("pk", flat=True)])
    assert not InputImage.objects.exists()

    assert [each["problem"] for each in import_archive(labeller_api, archive)] == [None] * 10

    assert {image.label: bytes(image.pixels) for image in InputImage.objects.all()} == before


def test_import_of_an_export_publishes_no_unsure_upload(
    labeller_api: Client, draw_digit: Draw, labeller: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = labeller_api.post("/api/predict", draw_digit(7), "image/png").json()
    labels.set_label(UUID(answer["digits"][0]["id"]), "7", labeller, Via.QUEUE)
    archive = export_archive(labeller_api, "/api/labels.zip")
    deletion.delete_uploads([*Upload.objects.values_list("pk", flat=True)])
    factories.copy_bundled_model("unsure", thresholds=factories.build_thresholds(confidence=1.0))
    versions.promote_model("unsure")
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())  # loads the champion at once
    Webhook.objects.create(events=["upload.unsure"])

    import_archive(labeller_api, archive)

    assert Prediction.objects.get().verdict == "unsure"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("address", ["/api/labels.zip", "/api/labels.npz"])
def test_import_of_an_export_changes_nothing(
    labeller_api: Client, draw_digit: Draw, labeller: User, address: str
) -> None:
    answer = labeller_api.post("/api/predict", draw_number(draw_digit, "42"), "image/png").json()
    for digit, label in zip(answer["digits"], ("7", "1"), strict=True):
        labels.set_label(UUID(digit["id"]), label, labeller, Via.QUEUE)
    before = {*InputImage.objects.values_list("pk", "label", "pixels", "labelled_at")}
    archive = export_archive(labeller_api, address)

    results = import_archive(labeller_api, archive)

    assert [each["problem"] for each in results] == [None, None]
    assert {*InputImage.objects.values_list("pk", "label", "pixels", "labelled_at")} == before
    assert Upload.objects.count() == 1


def test_exported_image_with_another_label_here_is_reported(
    labeller_api: Client, draw_digit: Draw, labeller: User
) -> None:
    answer = labeller_api.post("/api/predict", draw_digit(7), "image/png").json()
    image = UUID(answer["digits"][0]["id"])
    labels.set_label(image, "7", labeller, Via.QUEUE)
    archive = export_archive(labeller_api, "/api/labels.npz")
    labels.set_label(image, "1", labeller, Via.QUEUE)

    [result] = import_archive(labeller_api, archive)

    assert result["problem"]["code"] == "labelled_otherwise"
    assert InputImage.objects.get().label == "1"
