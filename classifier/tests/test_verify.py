"""The command that verifies everything that is stored, and its alarm."""

import os
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.labelling import labels, verification
from classifier.models import (
    Alarm,
    InputImage,
    ModelState,
    ModelVersion,
    RunState,
    Source,
    TrainingRun,
    Upload,
    Via,
)
from classifier.recognition.model_folder import MANIFEST, hash_file
from classifier.tests import factories
from classifier.tests.database import execute_without_triggers
from classifier.tests.pictures import Draw
from classifier.uploads import pictures, submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]

LONG_AGO_S = time.time() - 7200


@pytest.fixture
def upload(champion: ModelVersion, draw_digit: Draw) -> Upload:
    submission.classify_picture(draw_digit(7), Source.API)
    return Upload.objects.get()


def verify(*options: str) -> str:
    output = StringIO()
    call_command("verify", *options, stdout=output)
    return output.getvalue()


def list_faults() -> list[str]:
    return [f"{finding.place}: {finding.fault}" for finding in verification.verify_site()]


def get_path(upload: Upload) -> Path:
    return Path(default_storage.path(str(upload.file)))


def test_whole_site_has_no_faults(upload: Upload, labeller: User) -> None:
    image = upload.images.get()
    for label in ("7", "1", "7"):
        labels.set_label(image.pk, label, labeller, Via.QUEUE)

    assert verify() == "Everything is whole.\n"


def test_fault_is_printed_and_fails_the_command(upload: Upload) -> None:
    get_path(upload).unlink()
    output = StringIO()

    with pytest.raises(CommandError, match=r"^1 faults\.$"):
        call_command("verify", stdout=output)

    assert output.getvalue() == (
        f"upload {upload.pk}: Its file is missing. "
        "Restore the file from a backup, or delete the upload.\n"
    )


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda data: data[:-1], "bytes instead of"),
        (lambda data: data[:-1] + b"x", "Its file has other content."),
    ],
)
def test_changed_file_is_found(
    upload: Upload, damage: Callable[[bytes], bytes], fault: str
) -> None:
    path = get_path(upload)
    path.write_bytes(damage(path.read_bytes()))

    [found] = list_faults()
    assert fault in found


def test_other_pixels_are_found(upload: Upload) -> None:
    InputImage.objects.filter(upload=upload).update(pixels=bytes(784))

    assert list_faults() == [f"{upload}: A second reading gives other pixels."]


def test_imported_image_keeps_its_pixels_without_a_fault(
    champion: ModelVersion, digits: Any
) -> None:
    pixels = digits[0][digits[1] == 7][0]
    pixels = np.roll(pixels, 3, axis=0)  # imaging would centre it
    exported = pictures.render_pixels(pixels)
    submission.classify_picture(exported, Source.API, is_exported=True)

    assert list_faults() == []


def test_box_of_a_visitor_is_not_compared(upload: Upload) -> None:
    image = upload.images.get()
    image.pk, image.position = uuid4(), None
    image.save(force_insert=True)

    assert list_faults() == []


def test_file_without_upload_is_found_and_repaired(settings: Settings) -> None:
    orphan = settings.MEDIA_ROOT / "uploads/ab/orphan"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"a picture")
    os.utime(orphan, (LONG_AGO_S, LONG_AGO_S))
    assert list_faults() == ["uploads/ab/orphan: No upload has this file."]

    assert verify("--repair") == (
        "repaired: 1 files without an upload deleted\nEverything is whole.\n"
    )
    assert not orphan.exists()


def test_lost_run_is_found_and_repaired() -> None:
    run = TrainingRun.objects.create()  # without a job
    assert list_faults() == [f"training {run}: No process works on it."]

    assert "repaired: 1 lost runs failed" in verify("--repair")
    run.refresh_from_db()
    assert run.state == RunState.FAILED


def test_broken_label_history_is_found(upload: Upload, labeller: User) -> None:
    image = upload.images.get()
    for label in ("7", "1", "2"):
        labels.set_label(image.pk, label, labeller, Via.QUEUE)
    execute_without_triggers("DELETE FROM label_changes WHERE to_label = '1'")
    assert list_faults() == [
        f"image {image.pk}: Its label was 7, but its next change starts from 1."
    ]

    execute_without_triggers("UPDATE input_data SET label = '3' WHERE id = %s", image.pk)
    assert f"image {image.pk}: Its label is 3, but its last change set 2." in list_faults()


def test_damaged_model_folder_is_found(champion: ModelVersion) -> None:
    folder = factories.copy_bundled_model("other")
    ModelVersion.objects.create(name="other", checksum="0" * 64)
    [found] = list_faults()
    assert "its manifest has another checksum" in found

    ModelVersion.objects.filter(name="other").update(checksum=hash_file(folder / MANIFEST))
    (folder / "exemplars.npz").write_bytes(b"damaged")
    [found] = list_faults()
    assert "exemplars.npz is damaged" in found


def test_champion_without_promotion_is_found(champion: ModelVersion) -> None:
    ModelVersion.objects.update(state=ModelState.RETIRED)

    assert list_faults() == ["promotions: The champion is None, but baseline was promoted last."]


def test_nightly_verification_raises_and_clears_the_alarm(upload: Upload) -> None:
    data = get_path(upload).read_bytes()
    get_path(upload).unlink()
    tasks.verify_site(timestamp=0)
    assert "Faults of stored data: 1, such as: Its file is missing." in Alarm.objects.get().message

    get_path(upload).write_bytes(data)
    tasks.verify_site(timestamp=0)
    assert Alarm.objects.get().cleared_at


def test_store_of_another_database_is_not_searched(settings: Settings) -> None:
    (settings.MEDIA_ROOT / "store-id").write_text("4d0bd8b2-9b42-4a67-8d7c-6d9a0d1a5b6e")

    with pytest.raises(CommandError, match="another"):
        verify()
