"""Archives of labelled pictures, and sending them."""

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from django.test import Client

IMPORT = "/api/labels/import"


def zipped(pictures: dict[str, bytes], packing: int = ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", packing) as archive:
        for name, data in pictures.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def post(client: Client, archive: bytes, **headers: str) -> Any:
    return client.generic("POST", IMPORT, archive, "application/zip", headers=headers)
