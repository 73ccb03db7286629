"""Copies of originals and model folders.

They never change, so files that an earlier backup has are linked. A file system without hard links
gets whole copies.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage

from classifier.backups.manifest import MEDIA, MODELS, BackupError
from classifier.recognition import model_folder


@dataclass
class CopyCounts:
    """The number of files that were linked to those of an earlier backup, and of copied ones."""

    linked: int = 0
    copied: int = 0
    copied_bytes: int = 0


def copy_original(name: str, size: int, backup: Path, earlier: Path | None) -> CopyCounts:
    """Copy a stored file into a backup. Raise FileNotFoundError if it is not stored any more."""
    target = backup / MEDIA / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if earlier and _link(earlier / MEDIA / name, target, size):
        return CopyCounts(linked=1)
    with default_storage.open(name) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    return CopyCounts(copied=1, copied_bytes=target.stat().st_size)


def _link(earlier: Path, target: Path, size: int) -> bool:
    with suppress(OSError):
        if earlier.stat().st_size == size:
            os.link(earlier, target)
            return True
    return False


def copy_model(folder: Path, backup: Path, earlier: Path | None) -> None:
    target = backup / MODELS / folder.name
    shutil.copytree(folder, target, copy_function=partial(_copy_model_file, folder, earlier))


def _copy_model_file(folder: Path, earlier: Path | None, source: str, target: str) -> None:
    path, stat = Path(source), Path(source).stat()
    before = earlier / MODELS / folder.name / path.relative_to(folder) if earlier else None
    # copy2 copies the time too, so equal sizes and times mean the same file.
    is_same = before and before.exists() and before.stat().st_mtime_ns == stat.st_mtime_ns
    if not (before and is_same and _link(before, Path(target), stat.st_size)):
        shutil.copy2(source, target)


def restore_original(name: str, backup: Path) -> None:
    """Store a file unless it is stored already. Raise NoStorage or BackupError."""
    source = backup / MEDIA / name
    if not source.exists():
        raise BackupError(f"{source} is missing. Use another backup.")
    if default_storage.exists(name):
        if default_storage.size(name) == source.stat().st_size:
            return
        default_storage.delete(name)  # a restoration that was killed left a part of it
    with source.open("rb") as file:
        default_storage.save(name, File(file))


def restore_model(name: str, backup: Path, models: Path) -> None:
    """Copy a model folder whole or not at all, unless it is there."""
    if (models / name).exists():
        return
    with model_folder.publishing(models / name) as draft:
        shutil.copytree(backup / MODELS / name, draft, dirs_exist_ok=True)
