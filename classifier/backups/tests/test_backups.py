import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from classifier.backups import creation
from classifier.backups.creation import Backup, create_backup
from classifier.labelling import labels
from classifier.models import LabelChange, ModelVersion, Source, Upload, Via
from classifier.registry import versions
from classifier.tests import database, factories
from classifier.tests.pictures import Draw
from classifier.uploads import deletion, submission
from classifier.uploads.storage import MARKER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_media")]


@pytest.fixture
def uploads(champion: ModelVersion, draw_digit: Draw, labeller: User) -> list[Upload]:
    """Two uploads, of which the first is labelled."""
    for digit in (7, 3):
        submission.classify_picture(draw_digit(digit), Source.API)
    first, second = Upload.objects.order_by("created_at")
    labels.set_label(first.images.get().pk, "7", labeller, Via.QUEUE)
    return [first, second]


def empty_site(settings: Settings, folder: Path) -> None:
    """Replace the site's data with an empty database and empty folders."""
    database.delete_rows(None)  # type: ignore[arg-type]
    for name in ("MEDIA_ROOT", "MODELS_DIR"):
        setattr(settings, name, folder / name)


def restore(backup: Path, *options: str) -> str:
    output = StringIO()
    call_command("restore", str(backup), *options, stdout=output)
    return output.getvalue()


def read_original(upload: Upload) -> bytes:
    with default_storage.open(str(upload.file)) as file:
        content: bytes = file.read()
        return content


def list_originals(backup: Backup) -> list[Path]:
    return sorted(path for path in (backup.folder / "media").rglob("*") if path.is_file())


def test_restored_site_equals_the_one_that_was_backed_up(
    uploads: list[Upload], settings: Settings, tmp_path: Path
) -> None:
    factories.copy_bundled_model("better")
    versions.promote_model("better")
    pictures = {upload.pk: read_original(upload) for upload in uploads}
    [change] = LabelChange.objects.values()
    backup = create_backup(tmp_path / "backups")
    empty_site(settings, tmp_path / "new")

    assert restore(backup.folder).endswith("\nEverything is whole.\n")

    assert {upload.pk: read_original(upload) for upload in Upload.objects.all()} == pictures
    assert [*LabelChange.objects.values()] == [change]
    assert str(ModelVersion.objects.champion()) == "better"
    assert User.objects.get().check_password("labels all day")
    with pytest.raises(Exception, match="append-only"):
        LabelChange.objects.update(to_label="1")


def test_rows_after_a_restoration_get_new_keys(
    uploads: list[Upload], settings: Settings, tmp_path: Path
) -> None:
    backup = create_backup(tmp_path / "backups")
    last = LabelChange.objects.get().pk
    empty_site(settings, tmp_path / "new")
    restore(backup.folder)

    labels.set_label(uploads[1].images.get().pk, "3", User.objects.get(), Via.QUEUE)

    assert LabelChange.objects.latest("pk").pk > last


def test_second_backup_links_what_the_first_one_has(
    uploads: list[Upload], draw_digit: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "NAME_FORMAT", "%Y%m%d-%H%M%S-%f")
    factories.copy_bundled_model("better")
    versions.promote_model("better")
    first = create_backup(tmp_path)
    submission.classify_picture(draw_digit(1), Source.API)

    second = create_backup(tmp_path)

    assert (second.originals.copied, second.originals.linked) == (1, 2)
    assert sorted(path.stat().st_nlink for path in list_originals(second)) == [1, 2, 2]
    manifest = first.folder / "models/better/manifest.json"
    assert manifest.stat().st_nlink == 2


def test_upload_that_is_deleted_meanwhile_stays_deleted(
    uploads: list[Upload], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_snapshot = creation._take_snapshot

    def take_snapshot_and_delete(folder: Path) -> Any:
        snapshot = take_snapshot(folder)
        deletion.delete_uploads([uploads[0].pk])
        return snapshot

    monkeypatch.setattr(creation, "_take_snapshot", take_snapshot_and_delete)
    backup = create_backup(tmp_path / "backups")
    empty_site(settings, tmp_path / "new")

    assert "and 1 uploads" in restore(backup.folder)
    assert [*Upload.objects.all()] == [uploads[1]]


def test_lost_original_fails_the_command_but_not_the_backup(
    uploads: list[Upload], settings: Settings, tmp_path: Path
) -> None:
    Path(default_storage.path(str(uploads[0].file))).unlink()

    with pytest.raises(CommandError, match="1 originals are missing"):
        call_command("backup", str(tmp_path / "backups"), stdout=StringIO())

    empty_site(settings, tmp_path / "new")
    backup = creation.find_newest(tmp_path / "backups")
    assert backup
    with pytest.raises(CommandError, match="1 faults"):
        restore(backup)
    assert read_original(uploads[1])


def test_restoring_over_a_site_is_refused(uploads: list[Upload], tmp_path: Path) -> None:
    backup = create_backup(tmp_path)

    with pytest.raises(CommandError, match="The database has users already"):
        restore(backup.folder)


def test_restoring_over_other_files_is_refused(
    uploads: list[Upload], settings: Settings, tmp_path: Path
) -> None:
    backup = create_backup(tmp_path / "backups")
    empty_site(settings, tmp_path / "new")
    other = settings.MEDIA_ROOT / "uploads/ab/other"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"a picture")

    with pytest.raises(CommandError, match="MEDIA_ROOT holds other files"):
        restore(backup.folder)
    assert not (settings.MEDIA_ROOT / MARKER).exists()


def test_interrupted_restoration_can_be_repeated(
    uploads: list[Upload], settings: Settings, tmp_path: Path
) -> None:
    backup = create_backup(tmp_path / "backups")
    original = list_originals(backup)[0]
    hidden = original.rename(tmp_path / "hidden")
    empty_site(settings, tmp_path / "new")
    with pytest.raises(CommandError, match=f"{original.name} is missing"):
        restore(backup.folder)
    assert not User.objects.exists()

    hidden.rename(original)
    assert restore(backup.folder).endswith("\nEverything is whole.\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "has format 99"),
        ({"key_id": "0"}, "had another SECRET_KEY"),
        ({"migrations": [["classifier", "9999_future"]]}, "classifier.9999_future"),
        ({"migrations": []}, "newer tables"),
        ({"tables": 1}, "is not a complete backup"),
    ],
)
def test_unsuitable_backup_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    backup = create_backup(tmp_path)
    path = backup.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(CommandError, match=message):
        restore(backup.folder)


def test_damaged_table_is_refused(tmp_path: Path) -> None:
    backup = create_backup(tmp_path)
    (backup.folder / "database/uploads.copy.gz").write_bytes(b"damaged")

    with pytest.raises(CommandError, match=r"uploads\.copy\.gz is missing or damaged"):
        restore(backup.folder)


def test_keys_are_written_apart(tmp_path: Path, settings: Settings) -> None:
    backups, keys = tmp_path / "backups", tmp_path / "keys"
    settings.MODEL_SIGNING_KEY = "signs models"
    call_command("backup", str(backups), "--keys", str(keys), stdout=StringIO())

    assert (keys / "secret_key").read_text() == settings.SECRET_KEY
    assert (keys / "model_signing_key").read_text() == "signs models"
    assert (keys / "secret_key").stat().st_mode & 0o777 == 0o600
    names = {path.name for path in backups.rglob("*")}
    assert not names & {"secret_key", "model_signing_key"}


def test_key_beside_the_backups_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="outside the backups"):
        call_command("backup", str(tmp_path), "--keys", str(tmp_path / "keys"))


def test_second_backup_at_the_same_time_is_refused(tmp_path: Path) -> None:
    with creation._lock_folder(tmp_path), pytest.raises(CommandError, match="Another backup"):
        call_command("backup", str(tmp_path))
