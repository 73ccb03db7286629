"""Archives of labelled pictures, and their import."""

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from django.test import Client

IMPORT_URL = "/api/labels/import"


def build_zip(pictures: dict[str, bytes], compression: int = ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", compression) as archive:
        for name, data in pictures.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def build_npz(**arrays: Any) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def post_archive(client: Client, archive: bytes, **headers: str) -> Any:
    return client.generic("POST", IMPORT_URL, archive, "application/zip", headers=headers)
