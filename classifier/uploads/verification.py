"""Verification of uploads: their files, and the pixels that were cut from them."""

import hashlib
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from classifier.models import Prediction, Upload
from classifier.monitoring.findings import Finding
from classifier.recognition import imaging
from classifier.recognition.reader import read_image, read_picture
from classifier.registry import serving
from classifier.registry.serving import ServedModel
from classifier.uploads import orphans
from classifier.uploads.submission import IMAGE_SHAPE

RESTORE = "Restore the file from a backup, or delete the upload."
COMPARE_VERSIONS = "Compare the installed versions of NumPy, Pillow and LiteRT with the lock file."


def verify_files() -> Iterator[Finding]:
    """Compare each upload's file with its size and sha256."""
    for upload in Upload.objects.only("file", "size", "sha256").iterator():
        fault = _find_fault(upload)
        # The sender may have deleted the upload meanwhile.
        if fault and Upload.objects.filter(pk=upload.pk).exists():
            yield Finding(str(upload), fault, RESTORE)


def _find_fault(upload: Upload) -> str | None:
    digest, size = hashlib.sha256(), 0
    try:
        with default_storage.open(str(upload.file)) as file:
            for chunk in file.chunks():
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return "Its file is missing."
    if size != upload.size:
        return f"Its file has {size} bytes instead of {upload.size}."
    return None if digest.hexdigest() == upload.sha256 else "Its file has other content."


def verify_orphans() -> Iterator[Finding]:
    """Find files that have had no upload for an hour."""
    for name in orphans.list_orphans():
        yield Finding(name, "No upload has this file.", "--repair deletes it.")


def verify_pixels(pictures: int) -> Iterator[Finding]:
    """Read a random sample of the pictures again, and compare the pixels of their digits.

    Only pictures are comparable that the model in service was the first to read, with the present
    version of imaging.
    """
    try:
        served = serving.champion.get()
    except serving.NoModel:
        return
    for upload in _draw_comparable(served, pictures):
        cut = upload.images.filter(position__isnull=False).order_by("position", "created_at")
        stored = [bytes(pixels) for pixels in cut.values_list("pixels", flat=True)]
        try:
            is_equal = stored in _read_pixels(upload, served)
        except (FileNotFoundError, imaging.ImageError):
            continue  # a finding of verify_files
        if not is_equal and Upload.objects.filter(pk=upload.pk).exists():
            yield Finding(str(upload), "A second reading gives other pixels.", COMPARE_VERSIONS)


def _draw_comparable(served: ServedModel, count: int) -> QuerySet[Upload]:
    answers = Prediction.objects.first_answers().filter(
        model=served.version, imaging_version=imaging.VERSION
    )
    return Upload.objects.filter(pk__in=answers.values("image__upload")).order_by("?")[:count]


def _read_pixels(upload: Upload, served: ServedModel) -> list[list[bytes]]:
    """Return the digits' pixels, in each of the ways in which `submission` may have read them."""
    with default_storage.open(str(upload.file)) as file:
        picture = imaging.decode(file.read())
    readings = [read_picture(picture, served.recognizer)]
    if picture.pixels.shape == IMAGE_SHAPE:  # it may have been imported from an export
        readings.append(read_image(picture, served.recognizer))
    return [[digit.pixels.tobytes() for digit in reading.digits] for reading in readings]
