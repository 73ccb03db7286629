"""File storage whose files are on the disk whole, or not there at all."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from classifier.durable import fsync


class NoStorage(Exception):
    """The files of uploads can't be reached."""


class DurableStorage(FileSystemStorage):
    """Writes aside, fsyncs and renames, so that a crash leaves no half file under a served name."""

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{uuid4().hex}.part")
        try:
            with aside.open("wb") as file:
                file.writelines(content.chunks())
            fsync(aside)
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
        fsync(target.parent)
        return name
