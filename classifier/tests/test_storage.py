"""A stored file is on the disk whole before anybody is told of it."""

import errno
import os
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File

from classifier.storage import DurableStorage


class CutShort(BytesIO):
    """What comes from a client that goes away half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        return super().read(4)


@pytest.fixture
def storage(tmp_path: Path) -> DurableStorage:
    return DurableStorage(tmp_path)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_stored_under_its_name(storage: DurableStorage, tmp_path: Path) -> None:
    name = storage.save("uploads/ab/one", ContentFile(b"content"))

    assert files(tmp_path) == [tmp_path / name]
    assert (tmp_path / "uploads/ab/one").read_bytes() == b"content"


def test_a_file_that_breaks_off_leaves_nothing(storage: DurableStorage, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        storage.save("uploads/ab/one", File(CutShort(b"half of it")))

    assert files(tmp_path) == []


def test_nobody_is_told_of_a_file_that_may_not_be_on_the_disk(
    storage: DurableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="Input/output error"):
        storage.save("one", ContentFile(b"content"))

    assert files(tmp_path) == []


def test_the_folder_that_names_it_is_on_the_disk_too(
    storage: DurableStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    storage.save("uploads/one", ContentFile(b"content"))
    assert synced == [f"{tmp_path}/uploads/one", f"{tmp_path}/uploads"]


def test_a_name_that_is_taken_is_not_written_over(storage: DurableStorage, tmp_path: Path) -> None:
    storage.save("one", ContentFile(b"content"))
    with pytest.raises(FileExistsError):
        storage.save("one", ContentFile(b"other"))
    assert (tmp_path / "one").read_bytes() == b"content"
