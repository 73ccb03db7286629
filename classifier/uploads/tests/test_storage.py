"""A stored file is on the disk whole before anybody is told of it."""

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


class CutShort(BytesIO):
    """What comes from a client that goes away half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        return super().read(4)


@pytest.fixture
def storage(tmp_path: Path) -> DurableStorage:
    storage = DurableStorage(location=tmp_path)
    storage.write_marker(uuid4())
    return storage


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths in the order in which they are written to the disk."""
    paths: list[str] = []

    def sync(descriptor: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    return paths


def test_a_file_is_stored_under_its_name(storage: DurableStorage, tmp_path: Path) -> None:
    name = storage.save("uploads/ab/one", ContentFile(b"content"))

    assert files(tmp_path) == [tmp_path / name]
    assert (tmp_path / "uploads/ab/one").read_bytes() == b"content"


def test_a_file_that_breaks_off_leaves_nothing(storage: DurableStorage, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        storage.save("uploads/ab/one", File(CutShort(b"half of it")))

    assert files(tmp_path) == []


def test_file_that_is_gone_already_does_not_hide_why_it_broke_off(
    storage: DurableStorage, tmp_path: Path
) -> None:
    class Vanishing(CutShort):
        def read(self, size: int | None = -1) -> bytes:
            (tmp_path / "one").unlink(missing_ok=True)
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        storage.save("one", File(Vanishing(b"half of it")))


def test_nobody_is_told_of_a_file_that_may_not_be_on_the_disk(
    storage: DurableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", faults.raise_io_error)

    with pytest.raises(NoStorage, match="Input/output error"):
        storage.save("one", ContentFile(b"content"))

    assert files(tmp_path) == []


def test_the_folders_that_name_it_are_on_the_disk_too(
    storage: DurableStorage, tmp_path: Path, synced: list[str]
) -> None:
    storage.save("uploads/ab/one", ContentFile(b"content"))
    new_folders = [f"{tmp_path}", f"{tmp_path}/uploads"]
    assert synced == [*new_folders, f"{tmp_path}/uploads/ab/one", f"{tmp_path}/uploads/ab"]

    synced.clear()
    storage.save("uploads/ab/two", ContentFile(b"content"))
    assert synced == [f"{tmp_path}/uploads/ab/two", f"{tmp_path}/uploads/ab"]


def test_folder_that_another_process_has_made_is_synced_once(
    storage: DurableStorage, tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "uploads/ab").mkdir(parents=True)

    for name in ("one", "two"):
        storage.save(f"uploads/ab/{name}", ContentFile(b"content"))

    assert synced.count(f"{tmp_path}/uploads") == 1


def test_a_name_that_is_taken_is_not_written_over(storage: DurableStorage, tmp_path: Path) -> None:
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
def test_error_of_the_file_system_is_no_storage(
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
def test_file_in_the_place_of_a_folder_is_no_storage(
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
def test_volume_that_is_not_mounted_is_no_storage(
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


def test_missing_file_of_a_mounted_volume_is_a_missing_file(storage: DurableStorage) -> None:
    storage.delete("uploads/ab/one")
    with pytest.raises(FileNotFoundError):
        storage.open("uploads/ab/one")


def test_probe_returns_the_store_s_id_and_leaves_no_file(
    storage: DurableStorage, tmp_path: Path
) -> None:
    store_id = storage.probe()

    assert store_id == UUID((tmp_path / MARKER).read_text().strip())
    assert files(tmp_path) == []


def test_probe_of_a_full_volume_fails(
    storage: DurableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", faults.raise_disk_full)

    with pytest.raises(StorageFull):
        storage.probe()


def test_damaged_marker_is_another_store_s(storage: DurableStorage, tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("no ID")

    with pytest.raises(WrongStore, match="holds no ID"):
        storage.read_marker()
