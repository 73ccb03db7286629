"""Files and folders that survive a power cut."""

import errno
import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Flush a file's content, or the names in a folder, to the disk.

    A new or renamed file is not safe until its folder is flushed too.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> bool:
    """Create a folder and its missing parents durably, and return whether it is new.

    Raise NotADirectoryError if a file has its name.
    """
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
        return False
    except FileNotFoundError:
        make_folder(path.parent)
        return make_folder(path)
    fsync(path.parent)
    return True


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    fsync(part)
    part.replace(path)
    fsync(path.parent)
