"""Durable storage of uploads in a folder that is checked to be the right one."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from classifier.recognition.durable_files import fsync, make_folder, replace_file

# Not a hidden file, so that `cp media/*` copies it too.
MARKER = "store-id"
PROBE = "uploads/probe"
PROBE_BYTES = 64 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT)


class NoStorage(Exception):
    """The files of uploads can't be reached or written."""


class StorageFull(NoStorage):
    """There is no space left for the files of uploads."""


class WrongStore(NoStorage):
    """The folder is not the one that was set up for this database."""


class DurableStorage(FileSystemStorage):
    """A folder whose files are on the disk before `save` returns.

    MEDIA_ROOT gets a marker when it is set up. If the marker is missing, a volume is not mounted,
    and nothing is written to the folder below it. Errors of the file system are raised as
    NoStorage, except for a single file that is missing or exists already.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._durable_folders: set[Path] = set()

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """Return the name unchanged: names are UUIDs, and `_save` overwrites nothing."""
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        self.check_mounted()
        target = Path(self.path(name))
        with self._reporting_errors():
            self._make_durable_folder(target.parent)
            with target.open("xb") as file:
                try:
                    file.writelines(content.chunks())
                    file.flush()
                    os.fsync(file.fileno())
                    fsync(target.parent)
                except BaseException:
                    target.unlink(missing_ok=True)
                    raise
        return name

    def _make_durable_folder(self, folder: Path) -> None:
        # If another process has just created it, that process may not have synced it yet.
        is_new = make_folder(folder)
        if not is_new and folder not in self._durable_folders:
            fsync(folder.parent)
        self._durable_folders.add(folder)

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        with self._reporting_errors():
            return File(Path(self.path(name)).open(mode))

    def delete(self, name: str) -> None:
        self.check_mounted()
        with self._reporting_errors():
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self._reporting_errors():
            return super().listdir(path)

    def get_modified_time(self, name: str) -> datetime:
        with self._reporting_errors():
            return super().get_modified_time(name)

    def probe(self) -> UUID | None:
        """Write and delete a small file, and return the ID in the marker. Raise NoStorage."""
        name = self.save(f"{PROBE}/{uuid4()}", ContentFile(bytes(PROBE_BYTES)))
        self.delete(name)
        return self.read_marker()

    def check_mounted(self) -> None:
        """Raise NoStorage unless the marker is there."""
        try:
            self._marker.stat()
        except OSError as error:
            raise NoStorage(
                f"{self._marker} can't be found ({error.strerror}). Check that the volume is "
                "mounted and that `python -m mnistsite.entrypoints.prepare` has been run."
            ) from error

    def read_marker(self) -> UUID | None:
        """Return the ID in the marker, or None if there is no marker. Raise NoStorage."""
        try:
            with self._raising_no_storage():
                return UUID(self._marker.read_text().strip())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise WrongStore(f"{self._marker} holds no ID: {error}") from error

    def write_marker(self, store_id: UUID) -> None:
        """Mark the folder, and create it if it is missing. Raise NoStorage."""
        with self._raising_no_storage():
            make_folder(self._marker.parent)
            replace_file(self._marker, f"{store_id}\n")

    @property
    def _marker(self) -> Path:
        return Path(self.location) / MARKER

    @contextmanager
    def _reporting_errors(self) -> Iterator[None]:
        try:
            with self._raising_no_storage():
                yield
        except FileNotFoundError:
            self.check_mounted()
            raise

    @contextmanager
    def _raising_no_storage(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, ConnectionError):
            raise  # about a single file, or a client that went away
        except OSError as error:
            kind = StorageFull if error.errno in FULL else NoStorage
            raise kind(str(error)) from error
