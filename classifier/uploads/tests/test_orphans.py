import os
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.models import Upload, stored_name
from classifier.tests import factories, faults
from classifier.uploads import orphans
from classifier.uploads.storage import MARKER, DurableStorage, WrongStore

pytestmark = pytest.mark.django_db

LONG_AGO_S = time.time() - orphans.ORPHAN_AFTER.total_seconds() - 60


@pytest.fixture
def folder(settings: Settings, own_media: None) -> Path:
    folder: Path = settings.MEDIA_ROOT / "uploads" / "ab"
    folder.mkdir(parents=True)
    return folder


def create_file(path: Path, at: float = LONG_AGO_S) -> Path:
    path.write_bytes(b"a picture")
    os.utime(path, (at, at))
    return path


def create_upload(number: int) -> Upload:
    upload = Upload(pk=UUID(f"ab{number:030x}"))
    return factories.create_upload(pk=upload.pk, file=stored_name(upload, ""))


def test_old_orphans_are_removed(folder: Path) -> None:
    referenced, elsewhere = (
        create_file(folder / str(create_upload(1).pk)),
        create_file(folder / "elsewhere"),
    )
    factories.create_upload(file="uploads/ab/elsewhere")
    young = create_file(folder / "young", time.time())
    for name in ("orphan", ".x.part"):
        create_file(folder / name)

    tasks.remove_orphans(timestamp=0)

    assert set(folder.iterdir()) == {referenced, elsewhere, young}
    assert orphans.remove_orphans() == 0


def test_file_that_gets_its_row_meanwhile_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = create_file(folder / "stored")  # looks old after a jump of the clock
    monkeypatch.setattr(time, "sleep", lambda _: factories.create_upload(file="uploads/ab/stored"))

    assert orphans.remove_orphans() == 0
    assert file.exists()


def test_age_of_referenced_files_is_not_read(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        create_file(folder / str(create_upload(number).pk))
    monkeypatch.setattr(DurableStorage, "get_modified_time", None)

    with django_assert_num_queries(2) as queries:  # the store's ID, the uploads of the folder
        assert orphans.remove_orphans() == 0
    assert len(list(folder.iterdir())) == 20
    assert f"BETWEEN 'ab{'0' * 30}'::uuid AND 'ab{'f' * 30}'::uuid" in queries[1]["sql"]


def test_file_that_vanishes_is_skipped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listdir = DurableStorage.listdir

    def list_renamed_file(storage: DurableStorage, place: str) -> tuple[list[str], list[str]]:
        folders, files = listdir(storage, place)
        return folders, [*files, ".gone.part"] if files else files

    create_file(folder / "orphan")
    monkeypatch.setattr(DurableStorage, "listdir", list_renamed_file)

    assert orphans.remove_orphans() == 1


@pytest.mark.parametrize("marker", ["", str(uuid4())], ids=["none", "another store's"])
def test_folder_of_another_database_is_refused(
    folder: Path, settings: Settings, marker: str
) -> None:
    create_file(folder / "orphan")
    (settings.MEDIA_ROOT / MARKER).unlink()
    if marker:
        (settings.MEDIA_ROOT / MARKER).write_text(marker)

    with pytest.raises(WrongStore):
        orphans.remove_orphans()

    assert (folder / "orphan").exists()


def test_failed_removal_is_logged_and_retried(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    create_file(folder / "orphan")
    with monkeypatch.context() as patched:
        patched.setattr(os, "remove", faults.raise_read_only)
        assert orphans.remove_orphans() == 0

    assert "Read-only file system" in caplog.text
    assert orphans.remove_orphans() == 1


def test_missing_folder_has_no_orphans(own_media: None) -> None:
    assert orphans.remove_orphans() == 0
