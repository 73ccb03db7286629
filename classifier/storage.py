"""File storage whose files are on the disk before anybody is told of them."""

import os
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from classifier.durable import fsync


class NoStorage(Exception):
    """The files of uploads can't be reached."""


class DurableStorage(FileSystemStorage):
    """A row that names a file is written after it, so that a crash leaves no half file that is
    ever served."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """As it is: names are made of UUIDs, and one that is taken all the same is refused."""
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
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
