"""Durable storage: a saved file is complete on the disk."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile, File

from classifier.tests import faults
from classifier.uploads.storage import MARKER, DurableStorage, NoStorage, StorageFull, WrongStore


class BrokenUpload(BytesIO):
    """A file from a client that disconnects half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        return super().read(4)


@pytest.fixture
def storage(tmp_path: Path) -> DurableStorage:
    storage = DurableStorage(location=tmp_path)
    storage.write_marker(uuid4())
    return storage


def list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The synced paths in order."""
    paths: list[str] = []

    def sync(descriptor: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    return paths


def test_file_is_stored_under_its_name(storage: DurableStorage, tmp_path: Path) -> None:
    name = storage.save("uploads/ab/one", ContentFile(b"content"))

    assert list_files(tmp_path) == [tmp_path / name]
    assert (tmp_path / "uploads/ab/one").read_bytes() == b"content"


def test_broken_upload_leaves_no_file(storage: DurableStorage, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        storage.save("uploads/ab/one", File(BrokenUpload(b"half of it")))

    assert list_files(tmp_path) == []


def test_vanished_file_does_not_hide_the_error(storage: DurableStorage, tmp_path: Path) -> None:
    class VanishingUpload(BrokenUpload):
        def read(self, size: int | None = -1) -> bytes:
            (tmp_path / "one").unlink(missing_ok=True)
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        storage.save("one", File(VanishingUpload(b"half of it")))


def test_failed_sync_leaves_no_file(
    storage: DurableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", faults.raise_io_error)

    with pytest.raises(NoStorage, match="Input/output error"):
        storage.save("one", ContentFile(b"content"))

    assert list_files(tmp_path) == []


def test_new_folders_are_synced(storage: DurableStorage, tmp_path: Path, synced: list[str]) -> None:
    storage.save("uploads/ab/one", ContentFile(b"content"))
    new_folders = [f"{tmp_path}", f"{tmp_path}/uploads"]
    assert synced == [*new_folders, f"{tmp_path}/uploads/ab/one", f"{tmp_path}/uploads/ab"]

    synced.clear()
    storage.save("uploads/ab/two", ContentFile(b"content"))
    assert synced == [f"{tmp_path}/uploads/ab/two", f"{tmp_path}/uploads/ab"]


def test_folder_of_another_process_is_synced_once(
    storage: DurableStorage, tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "uploads/ab").mkdir(parents=True)

    for name in ("one", "two"):
        storage.save(f"uploads/ab/{name}", ContentFile(b"content"))

    assert synced.count(f"{tmp_path}/uploads") == 1


def test_existing_file_is_not_overwritten(storage: DurableStorage, tmp_path: Path) -> None:
    storage.save("one", ContentFile(b"content"))
    with pytest.raises(FileExistsError):
        storage.save("one", ContentFile(b"other"))
    assert (tmp_path / "one").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (faults.raise_disk_full, StorageFull),
        (faults.raise_over_quota, StorageFull),
        (faults.raise_read_only, NoStorage),
        (faults.raise_io_error, NoStorage),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "open"])
def test_file_system_error_is_no_storage(
    storage: DurableStorage,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    fail: Callable[..., Any],
    error: type[NoStorage],
) -> None:
    monkeypatch.setattr(Path, call, fail)

    with pytest.raises(NoStorage) as raised:
        storage.save("uploads/ab/one", ContentFile(b"content"))

    assert type(raised.value) is error


@pytest.mark.parametrize("name", ["uploads", "uploads/ab"])
def test_file_in_place_of_folder_is_no_storage(
    storage: DurableStorage, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"in the way")

    with pytest.raises(NoStorage):
        storage.save("uploads/ab/one", ContentFile(b"content"))


@pytest.mark.parametrize(
    "use",
    [
        lambda storage: storage.save("uploads/ab/one", ContentFile(b"content")),
        lambda storage: storage.open("uploads/ab/one"),
        lambda storage: storage.delete("uploads/ab/one"),
        lambda storage: storage.listdir("uploads"),
        lambda storage: storage.get_modified_time("uploads/ab/one"),
        lambda storage: storage.probe(),
    ],
    ids=["save", "open", "delete", "listdir", "get_modified_time", "probe"],
)
def test_unmounted_volume_is_no_storage(
    storage: DurableStorage, tmp_path: Path, use: Callable[[DurableStorage], Any]
) -> None:
    (tmp_path / MARKER).unlink()

    with pytest.raises(NoStorage) as raised:
        use(storage)

    assert str(raised.value) == (
        f"{tmp_path / MARKER} can't be found (No such file or directory). Check that the volume "
        "is mounted and that `python -m mnistsite.entrypoints.prepare` has been run."
    )

    assert not (tmp_path / "uploads").exists(), "nothing is written into the folder below it"


def test_missing_file_raises_file_not_found(storage: DurableStorage) -> None:
    storage.delete("uploads/ab/one")
    with pytest.raises(FileNotFoundError):
        storage.open("uploads/ab/one")


def test_probe_returns_id_and_leaves_no_file(storage: DurableStorage, tmp_path: Path) -> None:
    store_id = storage.probe()

    assert store_id == UUID((tmp_path / MARKER).read_text().strip())
    assert list_files(tmp_path) == []


def test_probe_of_a_full_volume_fails(
    storage: DurableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", faults.raise_disk_full)

    with pytest.raises(StorageFull):
        storage.probe()


def test_damaged_marker_is_wrong_store(storage: DurableStorage, tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("no ID")

    with pytest.raises(WrongStore, match="holds no ID"):
        storage.read_marker()
