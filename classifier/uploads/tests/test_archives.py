"""Archives that are refused as a whole, so that nothing is stored."""

from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_LZMA

import numpy as np
import pytest
from django.test import Client

from classifier.models import Upload
from classifier.tests.archives import build_npz, build_zip, post_archive
from classifier.tests.pictures import create_paper, encode_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("champion")]


def post_refused(client: Client, archive: bytes) -> tuple[int, str]:
    response = post_archive(client, archive)
    assert response.json()["detail"].endswith(".")
    assert not Upload.objects.exists()
    return response.status_code, response.json()["code"]


def build_encrypted_zip() -> bytes:
    archive = bytearray(build_zip({"7/a.png": b"a"}))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def build_zip_claiming(size: int) -> bytes:
    """Return a zip whose picture claims to unpack to `size` bytes."""
    archive = bytearray(build_zip({"7/a.png": b"a" * 100}))
    directory = archive.index(b"PK\x01\x02")
    archive[directory + 24 : directory + 28] = size.to_bytes(4, "little")
    return bytes(archive)


def build_npz_claiming(shape: str) -> bytes:
    """Return a tiny npz whose x claims to have this shape."""
    return build_npz_with_header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}")


def build_npz_with_header(text: str) -> bytes:
    """Return an npz whose x has this header, which NumPy parses as Python source."""
    header = text.encode()
    x = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(9)
    y = BytesIO()
    np.save(y, np.zeros(1, np.uint8))
    return build_zip({"x.npy": x, "y.npy": y.getvalue()})


def name_picture(picture: bytes = b"a") -> dict[str, bytes]:
    return {"7/a.png": picture}


ZEROS = np.zeros((2, 28, 28), np.uint8)
REFUSED: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "nothing": (lambda: b"", 400, "missing_field"),
    "text": (lambda: b"hello", 400, "not_an_archive"),
    "a picture": (lambda: encode_picture(create_paper(9, 9)), 400, "not_an_archive"),
    "an empty zip": (lambda: build_zip({}), 400, "empty"),
    "only an index": (lambda: build_zip({"index.csv": b"file,label"}), 400, "empty"),
    "cut short": (lambda: build_zip(name_picture())[:-30], 400, "not_an_archive"),
    "damaged": (
        lambda: build_zip({"7/a.png": b"a" * 99}).replace(b"K\x4c", b"\xff\xff", 1),
        400,
        "damaged",
    ),
    "encrypted": (build_encrypted_zip, 400, "encrypted"),
    "another packing": (lambda: build_zip(name_picture(), ZIP_LZMA), 400, "unusual_packing"),
    "no folder": (lambda: build_zip({"7.png": b"a"}), 400, "bad_folder"),
    "another folder": (lambda: build_zip({"seven/7.png": b"a"}), 400, "bad_folder"),
    "unknown": (lambda: build_zip({"unknown/7.png": b"a"}), 400, "bad_folder"),
    "a percent sign": (lambda: build_zip({"%d%s.png": b"a"}), 400, "bad_folder"),
    "no name": (
        lambda: build_zip(name_picture()).replace(b"7/a.png", b"\0/a.png"),
        400,
        "damaged",
    ),
    "up and away": (lambda: build_zip({"../7/a.png": b"a"}), 400, "bad_path"),
    "up within": (lambda: build_zip({"7/../../a.png": b"a"}), 400, "bad_path"),
    "from the root": (lambda: build_zip({"/7/a.png": b"a"}), 400, "bad_path"),
    "a bomb": (lambda: build_zip(name_picture(bytes(50_000_000))), 413, "too_large"),
    "a claim": (lambda: build_zip_claiming(2**32 - 2), 413, "too_large"),
    "501": (lambda: build_zip({f"7/{n}.png": b"a" for n in range(501)}), 400, "too_many_files"),
    "5000": (lambda: build_zip({f"7/{n}.png": b"a" for n in range(5000)}), 400, "too_many_files"),
    "501 rows": (
        lambda: build_npz(x=np.zeros((501, 8, 8), np.uint8), y=np.zeros(501, int)),
        400,
        "too_many_files",
    ),
    "no y": (lambda: build_npz(x=ZEROS), 400, "bad_arrays"),
    "no rows": (lambda: build_npz(x=ZEROS[:0], y=np.zeros(0, int)), 400, "empty"),
    "floats": (lambda: build_npz(x=ZEROS / 255, y=np.zeros(2, int)), 400, "bad_arrays"),
    "flat": (lambda: build_npz(x=ZEROS.reshape(2, -1), y=np.zeros(2, int)), 400, "bad_arrays"),
    "too few labels": (lambda: build_npz(x=ZEROS, y=np.zeros(1, int)), 400, "bad_arrays"),
    "a label of 11": (lambda: build_npz(x=ZEROS, y=np.array([1, 11])), 400, "bad_arrays"),
    "a label of -1": (lambda: build_npz(x=ZEROS, y=np.array([1, -1])), 400, "bad_arrays"),
    "words": (lambda: build_npz(x=ZEROS, y=np.array(["1", "2"])), 400, "bad_arrays"),
    "objects": (lambda: build_npz(x=ZEROS, y=np.array([1, None], object)), 400, "bad_arrays"),
    "a shape too large": (lambda: build_npz_claiming("(1000000, 28, 28)"), 400, "damaged"),
    "a shape below zero": (lambda: build_npz_claiming("(-1, 28, 28)"), 400, "damaged"),
    "a header of brackets": (lambda: build_npz_with_header("(" * 9000), 400, "damaged"),
    "a header of signs": (lambda: build_npz_with_header("-" * 9000 + "1"), 400, "damaged"),
    "a header of an open text": (lambda: build_npz_with_header("{'descr': '''"), 400, "damaged"),
    "a header of an empty type": (
        lambda: build_npz_with_header("{'descr': [()], 'fortran_order': False, 'shape': ()}"),
        400,
        "damaged",
    ),
    "no header": (lambda: build_zip({"x.npy": b"hello", "y.npy": b"hello"}), 400, "damaged"),
}


@pytest.mark.parametrize(("make", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_archive_is_refused(
    labeller_api: Client, make: Callable[[], bytes], status: int, code: str
) -> None:
    assert post_refused(labeller_api, make()) == (status, code)
