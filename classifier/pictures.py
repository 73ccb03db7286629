"""Stored pixels as pictures that a browser shows; visitors get nothing else of an upload."""

from io import BytesIO

from PIL import Image

from classifier import imaging
from classifier.models import InputImage, Upload


def png(image: InputImage) -> bytes:
    """What the model saw, dark on light as on paper."""
    seen = Image.frombytes("L", (28, 28), bytes(image.pixels)).point(lambda value: 255 - value)
    return _encoded(seen, "PNG")


def preview(upload: Upload) -> bytes:
    """The original of any format, upright and reduced, as a JPEG without its metadata."""
    with upload.file.open() as file:
        pixels = imaging.decode(file.read()).pixels
    return _encoded(Image.fromarray(pixels).convert("RGB"), "JPEG")


def _encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()
