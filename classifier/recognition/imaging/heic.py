"""Decode HEIC in a process of its own."""

import fcntl
import subprocess  # nosec B404
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from classifier.recognition.imaging import limits
from classifier.recognition.imaging.errors import DAMAGED, ImageError, gettext_noop

PROGRAM = Path(__file__).with_name("heic_process.py")
TOO_MANY_PIXELS = 3  # its exit status
MAX_PIXELS = limits.MAX_PIXELS // 2
MAX_S = 15  # its limit is in CPU time, of which a busy machine gives less


def open_heic(data: bytes) -> Image.Image:
    """Return the main picture, upright, reduced and in the format PPM, with its `original_size`.

    Raise ImageError if it can't be decoded.
    """
    try:
        with PROGRAM.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one decoder for all processes of the site
            completed = subprocess.run(  # noqa: S603  # nosec B603
                [sys.executable, "-I", str(PROGRAM), str(MAX_PIXELS)],
                input=data,
                capture_output=True,
                timeout=MAX_S,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise _build_too_complex_error() from error
    if completed.returncode == TOO_MANY_PIXELS:
        raise limits.build_too_many_pixels_error(MAX_PIXELS)
    if completed.returncode < 0:
        raise _build_too_complex_error()
    if completed.returncode:
        raise ImageError("damaged", DAMAGED)
    size, _, ppm = completed.stdout.partition(b"\n")
    image = Image.open(BytesIO(ppm), formats=["PPM"])
    image.info["original_size"] = tuple(map(int, size.split()))
    return image


def _build_too_complex_error() -> ImageError:
    message = gettext_noop("The image takes too long to decode. Save it again as a JPEG.")
    return ImageError("too_complex", message)
