"""Files that no upload knows of are removed, and no others."""

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


def stored(path: Path, at: float = LONG_AGO_S) -> Path:
    path.write_bytes(b"a picture")
    os.utime(path, (at, at))
    return path


def uploaded(number: int) -> Upload:
    upload = Upload(pk=UUID(f"ab{number:030x}"))
    return factories.create_upload(pk=upload.pk, file=stored_name(upload, ""))


def test_only_old_files_that_have_no_upload_are_removed(folder: Path) -> None:
    kept, elsewhere = stored(folder / str(uploaded(1).pk)), stored(folder / "elsewhere")
    factories.create_upload(file="uploads/ab/elsewhere")
    young = stored(folder / "young", time.time())
    for name in ("orphan", ".x.part"):
        stored(folder / name)

    tasks.remove_orphans(timestamp=0)

    assert set(folder.iterdir()) == {kept, elsewhere, young}
    assert orphans.remove_orphans() == 0


def test_however_many_files_have_their_upload_none_is_asked_for_its_age(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(20):
        stored(folder / str(uploaded(number).pk))
    monkeypatch.setattr(DurableStorage, "get_modified_time", None)

    with django_assert_num_queries(2) as queries:  # the store's ID, the uploads of the folder
        assert orphans.remove_orphans() == 0
    assert len(list(folder.iterdir())) == 20
    assert f"BETWEEN 'ab{'0' * 30}'::uuid AND 'ab{'f' * 30}'::uuid" in queries[1]["sql"]


def test_a_file_that_is_gone_before_it_is_looked_at_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listdir = DurableStorage.listdir

    def then_renamed(storage: DurableStorage, place: str) -> tuple[list[str], list[str]]:
        folders, files = listdir(storage, place)
        return folders, [*files, ".gone.part"] if files else files

    stored(folder / "orphan")
    monkeypatch.setattr(DurableStorage, "listdir", then_renamed)

    assert orphans.remove_orphans() == 1


@pytest.mark.parametrize("marker", ["", str(uuid4())], ids=["none", "another store's"])
def test_no_file_is_removed_from_a_folder_that_is_not_this_database_s(
    folder: Path, settings: Settings, marker: str
) -> None:
    stored(folder / "orphan")
    (settings.MEDIA_ROOT / MARKER).unlink()
    if marker:
        (settings.MEDIA_ROOT / MARKER).write_text(marker)

    with pytest.raises(WrongStore):
        orphans.remove_orphans()

    assert (folder / "orphan").exists()


def test_file_that_cannot_be_removed_is_logged_and_tried_in_the_next_hour(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored(folder / "orphan")
    with monkeypatch.context() as patched:
        patched.setattr(os, "remove", faults.raise_read_only)
        assert orphans.remove_orphans() == 0

    assert "Read-only file system" in caplog.text
    assert orphans.remove_orphans() == 1


def test_there_is_nothing_to_remove_where_nothing_was_ever_stored(own_media: None) -> None:
    assert orphans.remove_orphans() == 0
