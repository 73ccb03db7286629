"""What was written survives a power cut."""

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """A file's content or, of a folder, which names it has: a rename is not safe without."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
