"""Requests and pages of a visitor without an account."""

import re
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifier.models import ModelVersion, Upload
from classifier.tests import factories


def send_pictures(client: Client, *pictures: bytes) -> Any:
    """Submit the form with files that are named 1.png, 2.png, …"""
    files = [
        SimpleUploadedFile(f"{number}.png", data) for number, data in enumerate(pictures, start=1)
    ]
    return client.post("/predict", {"image": files})


def list_messages(response: Any) -> list[str]:
    return re.findall(r'<div class="alert[^>]*>([^<]*)</div>', response.text)


def list_results(response: Any) -> list[str]:
    """Return the ids of the results that a page links to, in its order."""
    return re.findall(r'href="/result/([^"]+)"', response.text)


def create_upload_by(visitor: UUID | None, **values: Any) -> Upload:
    """Create an upload with one image, whose prediction has these `values`."""
    image = factories.create_image()
    model = ModelVersion.objects.first() or factories.create_version()
    factories.create_prediction(image, model, **values)
    assert image.upload
    image.upload.visitor = visitor
    image.upload.save()
    return image.upload
