"""Generate request bodies of every type, with one or many errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy

from classifier.recognition.imaging.tests.damage import damage_file
from mnistsite.tests.fuzzing import text

BOUNDARY = "a-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
TYPES = [
    "",
    "application/json",
    "application/json; charset=utf-7",
    "application/json; charset=utf-16",
    "application/json; charset=\xff",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=iso-8859-1",
    "application/x-www-form-urlencoded; charset=utf-7",
    FORM,
    f"{FORM}; charset=utf-8",
    "multipart/form-data",
    "multipart/form-data; boundary=\xff",
    "multipart/mixed",
    "image/png",
    "application/zip",
    "text/plain; a=" + "b" * 300,
    "/",
    "a" * 300,
]
DEEP = 100_000


@dataclass(frozen=True)
class Body:
    content: bytes
    media_type: str


def generate_body(template: str, picture: bytes, random: Random) -> Body:
    """Return a body that mostly fits the URL."""
    kinds = next(kinds for part, kinds in FITTING.items() if part in template)
    body = random.choice(kinds if random.random() < 0.8 else ANY)(picture, random)
    if random.random() < 0.2:
        return Body(body.content, random.choice(TYPES))
    return body


def generate_json(picture: bytes, random: Random) -> Body:
    content = json.dumps(_generate_value(random, 3)).encode()
    if random.random() < 0.2:
        content = damage_file(content, random)
    return Body(content, "application/json")


def generate_deep_json(picture: bytes, random: Random) -> Body:
    depth = random.choice([500, 900, 950, DEEP, DEEP, DEEP])
    opened, closed = random.choice([("[", "]"), ('{"label":', "}")])
    deep = opened * depth + "1" + closed * depth
    return Body(
        random.choice(["%s", '{"label": %s}', '{"labels": [%s]}']).replace("%s", deep).encode(),
        "application/json",
    )


def generate_form(picture: bytes, random: Random) -> Body:
    content = text.generate_pairs(text.FIELDS, random).encode()
    return Body(content, "application/x-www-form-urlencoded")


def generate_multipart(picture: bytes, random: Random) -> Body:
    parts = [
        _format_part(random.choice(["image", "image", "archive", *text.FIELDS]), content, random)
        for content in _generate_contents(picture, random)
    ]
    content = b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
    return Body(damage_file(content, random) if random.random() < 0.2 else content, FORM)


def damage_picture(picture: bytes, random: Random) -> Body:
    return Body(damage_file(picture, random), "image/png")


def generate_archive_body(picture: bytes, random: Random) -> Body:
    return Body(generate_archive(picture, random), "application/zip")


Generators = list[Callable[[bytes, Random], Body]]

ANY: Generators = [
    generate_json,
    generate_deep_json,
    generate_form,
    generate_multipart,
    damage_picture,
    generate_archive_body,
]
# By the first of these parts that is in the URL.
FITTING: dict[str, Generators] = {
    "labels/import": [generate_archive_body, generate_archive_body, generate_multipart],
    "predict": [damage_picture, generate_multipart],
    "preview": [damage_picture, generate_multipart],
    "api/": [generate_json, generate_deep_json],
    "": [generate_form, generate_form, generate_multipart],
}


def generate_archive(picture: bytes, random: Random) -> bytes:
    """Return a zip of pictures or an npz with wrong headers, sometimes damaged."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as opened:
        if random.random() < 0.5:
            opened.writestr("7/a.png", damage_file(picture, random))
            opened.writestr("7/b.png", picture)
        else:
            opened.writestr(
                "x.npy", generate_npy(format_npy_header("|u1", (1, 28, 28)), bytes(784), random)
            )
            opened.writestr("y.npy", generate_npy(format_npy_header("|u1", (1,)), b"\7", random))
    return damage_file(buffer.getvalue(), random) if random.random() < 0.5 else buffer.getvalue()


def format_npy_header(kind: str, shape: tuple[int, ...]) -> str:
    return repr({"descr": kind, "fortran_order": False, "shape": shape})


NPY_HEADERS = [
    "(" * 9000,
    "[" * 9000,
    "-" * 9000 + "1",
    "'''",
    "{'descr': [",
    "\\",
    "{1: 2}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 28, 28)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (" + "9" * 100 + ", 28, 28)}",
    "{'descr': '|O', 'fortran_order': True, 'shape': (1, 28, 28)}",
    "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}",
    "{'descr': ('|u1', (0,)), 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<U" + "9" * 12 + "', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (1, 28, 28)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 28, 28)}",
    "{'descr': None, 'fortran_order': None, 'shape': None}",
    "",
]


def generate_npy(header: str, content: bytes, random: Random) -> bytes:
    """Return an npy file, sometimes with a wrong header."""
    header = header if random.random() < 0.3 else random.choice(NPY_HEADERS)
    encoded = header.encode() + b"\n"
    version = random.choice([(1, 0), (1, 0), (2, 0), (3, 0), (9, 9)])
    length = np.uint16(len(encoded)) if version == (1, 0) else np.uint32(len(encoded))
    array = npy.magic(1, 0)[:6] + bytes(version) + length.tobytes() + encoded + content
    return damage_file(array, random) if random.random() < 0.3 else array


def _generate_value(random: Random, depth: int) -> Any:
    kind = random.randrange(8 if depth else 5)
    if kind < 5:
        scalars = [
            random.choice([0, -1, 10**400, 1e308, True, None, 7, 0.5]),
            text.choose_value(random),
        ]
        return random.choice([*scalars, "7", "\ud800", float("nan")])
    if kind < 7:
        names = random.sample(text.FIELDS, 2)
        return {
            name: _generate_value(random, depth - 1)
            for name in ["label", "labels", "reason", *names]
        }
    return [_generate_value(random, depth - 1) for _ in range(random.randint(0, 3))]


def _generate_contents(picture: bytes, random: Random) -> list[bytes]:
    contents = [
        damage_file(picture, random),
        picture,
        generate_archive(picture, random),
        text.choose_value(random).encode(),
    ]
    return random.choices(contents, k=random.choice([0, 1, 1, 1, 2, 12]))


def _format_part(name: str, content: bytes, random: Random) -> bytes:
    file_name = random.choice(['; filename="a.png"', '; filename="a.png"', "", "; filename=\0"])
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n'
    more = random.choice(
        [
            "",
            "",
            "Content-Type: image/png; charset=zlib\r\n",
            "Content-Transfer-Encoding: base64\r\n",
        ]
    )
    return (head + more).encode() + b"\r\n" + content + b"\r\n"
