"""What a visitor does and sees, and what one has sent before."""

import re
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.models import ModelVersion, Upload
from classifier.tests import made


def send(client: Client, *pictures: bytes) -> Any:
    """Named 1.png, 2.png, …"""
    files = [
        SimpleUploadedFile(f"{number}.png", data) for number, data in enumerate(pictures, start=1)
    ]
    return client.post("/predict", {"image": files})


def told(response: Any) -> list[str]:
    return re.findall(r'<div class="alert[^>]*>([^<]*)</div>', response.content.decode())


def shown(response: Any) -> list[str]:
    """The results that a page leads to, in its order."""
    return re.findall(r'href="/result/([^"]+)"', response.content.decode())


def sent_by(visitor: UUID | None, **values: Any) -> Upload:
    """With one image, of which `values` have been said."""
    image = made.image()
    made.prediction(image, ModelVersion.objects.first() or made.version(), **values)
    assert image.upload
    image.upload.visitor = visitor
    image.upload.save()
    return image.upload
