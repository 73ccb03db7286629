"""System calls that fail as they do on a broken volume, and a database that fails."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from classifier.registry import serving
from classifier.uploads.storage import DurableStorage, NoStorage


def raise_read_only(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def raise_disk_full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def raise_over_quota(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def raise_io_error(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def break_new_files(patch: pytest.MonkeyPatch, fail: Callable[..., Any]) -> None:
    """Make `fail` replace the opening of files that are being created."""
    open_path: Any = Path.open

    def open_or_fail(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return fail() if "x" in mode else open_path(path, mode, *args, **kwargs)

    patch.setattr(Path, "open", open_or_fail)


def break_cursors(patch: pytest.MonkeyPatch, error: psycopg.Error) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    patch.setattr(psycopg.Cursor, "execute", fail)


def break_champion(patch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> None:
        raise error

    patch.setattr(serving.champion, "get", fail)


def break_storage_after_one_file(patch: pytest.MonkeyPatch) -> list[str]:
    """Let the storage save one file, and return the names of those that it then gets to save."""
    save, names = DurableStorage._save, []

    def save_one(storage: DurableStorage, name: str, content: Any) -> str:
        names.append(name)
        if len(names) > 1:
            raise NoStorage
        return save(storage, name, content)

    patch.setattr(DurableStorage, "_save", save_one)
    return names
