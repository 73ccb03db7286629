"""File storage whose files are on the disk whole, or not there at all."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class DurableStorage(FileSystemStorage):
    """Writes aside, fsyncs and renames, so that a crash leaves no half file under a served name."""

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{uuid4().hex}.part")
        try:
            with aside.open("wb") as file:
                file.writelines(content.chunks())
                file.flush()
                os.fsync(file.fileno())
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
        self._sync_folder(target.parent)
        return name

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        """A rename survives a power cut only once the folder itself is on the disk."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
