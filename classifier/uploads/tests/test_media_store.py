"""MEDIA_ROOT is marked once, and has to stay the same folder."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from classifier.models import MediaStore
from classifier.tests import faults
from classifier.uploads import media_store
from classifier.uploads.storage import MARKER, NoStorage, WrongStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(settings: Settings) -> Path:
    """The missing folder of a new installation."""
    root: Path = settings.MEDIA_ROOT
    (root / MARKER).unlink()
    root.rmdir()
    return root


def read_marker(media: Path) -> UUID:
    return UUID((media / MARKER).read_text().strip())


def test_new_site_marks_its_folder(media: Path) -> None:
    media_store.set_up_folder()
    store_id = read_marker(media)
    media_store.set_up_folder()

    assert MediaStore.objects.get().pk == store_id == read_marker(media)
    assert media_store.probe_storage() == store_id


def test_unmarked_folder_with_files_is_marked(media: Path) -> None:
    (media / "uploads/ab").mkdir(parents=True)

    media_store.set_up_folder()

    assert read_marker(media) == MediaStore.objects.get().pk


def test_unmounted_volume_stops_the_start(media: Path) -> None:
    media_store.set_up_folder()
    (media / MARKER).unlink()

    with pytest.raises(WrongStore, match=f"Mount the volume.* write {MediaStore.objects.get().pk}"):
        media_store.set_up_folder()

    assert not list(media.iterdir())


def test_restored_folder_is_accepted_once_marked(media: Path) -> None:
    media_store.set_up_folder()
    (media / MARKER).write_text(f"{MediaStore.objects.get().pk}\n")

    media_store.set_up_folder()


def test_volume_of_another_site_stops_the_start(media: Path) -> None:
    media_store.set_up_folder()
    (media / MARKER).write_text(str(uuid4()))

    with pytest.raises(WrongStore, match="files of another database"):
        media_store.set_up_folder()


def test_new_database_refuses_files_of_another(media: Path) -> None:
    media_store.set_up_folder()
    (media / "uploads/ab").mkdir(parents=True)
    MediaStore.objects.all().delete()

    with pytest.raises(WrongStore, match=f"delete {MARKER}"):
        media_store.set_up_folder()

    (media / MARKER).unlink()
    media_store.set_up_folder()


@pytest.mark.parametrize(
    ("expected", "marker", "message"),
    [
        (
            None,
            UUID(int=2),
            "MEDIA_ROOT holds files of another database. Restore that database or, to give the "
            "files up, delete store-id in MEDIA_ROOT.",
        ),
        (
            UUID(int=1),
            None,
            "MEDIA_ROOT has no store-id, so it is not the folder of this database's uploads. "
            "Mount the volume that holds them. If they were restored without it, or are lost, "
            f"write {UUID(int=1)} into store-id in MEDIA_ROOT.",
        ),
        (
            UUID(int=1),
            UUID(int=2),
            f"MEDIA_ROOT holds files of another database: store-id is {UUID(int=2)} and should be "
            f"{UUID(int=1)}. Mount the volume of this database.",
        ),
    ],
    ids=["unknown", "unmarked", "another"],
)
def test_error_explains_the_remedy(
    expected: UUID | None, marker: UUID | None, message: str
) -> None:
    with pytest.raises(WrongStore) as raised:
        media_store.check_ids(expected, marker)

    assert str(raised.value) == message


@pytest.mark.parametrize("probed", [True, False])
def test_new_database_accepts_empty_folder(media: Path, probed: bool) -> None:
    media_store.set_up_folder()
    if probed:
        media_store.probe_storage()
    MediaStore.objects.all().delete()

    media_store.set_up_folder()

    assert MediaStore.objects.get().pk == read_marker(media)


@pytest.mark.parametrize("call", [faults.raise_read_only, faults.raise_disk_full])
def test_folder_that_cannot_be_written_is_not_set_up(
    media: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., None]
) -> None:
    monkeypatch.setattr(Path, "mkdir", call)

    with pytest.raises(NoStorage):
        media_store.set_up_folder()

    assert not MediaStore.objects.exists()
