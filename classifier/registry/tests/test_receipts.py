import json
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.errors import RuleBroken
from classifier.models import Erasure, InputImage, ModelVersion
from classifier.registry import receipts, versions
from classifier.tests import factories
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> InputImage:
    return factories.create_queue_item(label="7").image


@pytest.fixture
def trained(champion: ModelVersion, image: InputImage) -> ModelVersion:
    """A champion that was trained on the image."""
    factories.copy_bundled_model("trained", dataset={"corrected": {str(image.pk): "7"}})
    return versions.promote_model("trained")


def delete(image: InputImage) -> dict[str, Any]:
    """Delete an image's upload and return the receipt."""
    assert image.upload_id
    deletion.delete_uploads([image.upload_id])
    return receipts.issue_receipt(image.upload_id)


def test_receipt_names_images_models_and_times(image: InputImage, trained: ModelVersion) -> None:
    receipt = delete(image)["receipt"]

    assert receipt["upload"] == str(image.upload_id)
    assert receipt["images"] == [{"id": str(image.pk), "trained_models": ["trained"]}]
    assert receipt["deleted_at"] == Erasure.objects.get().created_at.isoformat()
    assert receipt["served_until"] == {"trained": None}
    assert receipt["forgotten_at"] is None


def test_deletion_is_forgotten_when_another_model_serves(
    image: InputImage, trained: ModelVersion
) -> None:
    delete(image)
    factories.copy_bundled_model("clean")
    versions.promote_model("clean")
    assert image.upload_id

    receipt = receipts.issue_receipt(image.upload_id)["receipt"]

    at = versions.list_serving_periods()[0].at.isoformat()
    assert receipt["served_until"] == {"trained": at}
    assert receipt["forgotten_at"] == at


def test_image_that_taught_no_model_is_forgotten_at_once(
    image: InputImage, champion: ModelVersion
) -> None:
    receipt = delete(image)["receipt"]

    assert receipt["images"] == [{"id": str(image.pk), "trained_models": []}]
    assert receipt["forgotten_at"] == receipt["deleted_at"]


def test_upload_that_is_not_deleted_has_no_receipt(image: InputImage) -> None:
    assert image.upload_id
    with pytest.raises(Erasure.DoesNotExist):
        receipts.issue_receipt(image.upload_id)


def test_unchanged_receipt_is_valid(image: InputImage, trained: ModelVersion) -> None:
    document = json.loads(json.dumps(delete(image)))

    assert receipts.verify_receipt(document) == document["receipt"]


@pytest.mark.parametrize("change", ["receipt", "signature", "missing", "other key", "list"])
def test_changed_receipt_is_rejected(
    image: InputImage, trained: ModelVersion, settings: Settings, change: str
) -> None:
    document: Any = deepcopy(delete(image))
    match change:
        case "receipt":
            document["receipt"]["forgotten_at"] = document["receipt"]["deleted_at"]
        case "signature":
            document["signature"] = document["signature"][:-1] + "!"
        case "missing":
            del document["signature"]
        case "other key":
            settings.SECRET_KEY = "another"
        case "list":
            document = [document]

    with pytest.raises(RuleBroken):
        receipts.verify_receipt(document)


def test_receipt_stays_valid_after_a_change_of_the_key(
    image: InputImage, trained: ModelVersion, settings: Settings
) -> None:
    document = delete(image)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert receipts.verify_receipt(document)


def verify(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document))
    output = StringIO()
    call_command("verify_receipt", str(path), stdout=output)
    return output.getvalue()


def test_command_prints_the_content_of_a_valid_receipt(
    image: InputImage, trained: ModelVersion, tmp_path: Path
) -> None:
    output = verify(tmp_path / "receipt.json", delete(image))

    assert output.startswith(f"The receipt is valid. 1 image of upload {image.upload_id} had")
    assert "Model trained, which was trained on it, was still in service.\n" in output
    assert output.endswith("Forgotten: not yet.\n")


def test_command_rejects_other_files(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="did not issue this receipt"):
        verify(tmp_path / "receipt.json", {"receipt": {}, "signature": "x"})
    (tmp_path / "text").write_text("not JSON")
    with pytest.raises(CommandError, match="is not JSON"):
        call_command("verify_receipt", str(tmp_path / "text"))


def test_command_without_a_key_names_its_place(
    image: InputImage, trained: ModelVersion, settings: Settings, tmp_path: Path
) -> None:
    document = delete(image)
    settings.SECRET_KEY = ""

    with pytest.raises(CommandError, match="var/secret_key"):
        verify(tmp_path / "receipt.json", document)


def test_sender_gets_the_receipt(client: Client, image: InputImage, trained: ModelVersion) -> None:
    path = f"/api/uploads/{image.upload_id}/receipt"
    assert client.get(path).status_code == 404

    delete(image)

    document = client.get(path).json()
    assert receipts.verify_receipt(document)["upload"] == str(image.upload_id)
    assert client.get(f"/api/uploads/{uuid4()}/receipt").status_code == 404
