"""The Python client, with a real site and with one that fails."""

import ast
import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4
from zipfile import ZipFile

import numpy as np
import pytest

from classifier.tests.pictures import Draw
from mnistsite.tests.client import ApiError, AsyncClient, Client
from mnistsite.tests.examples import ROOT
from mnistsite.tests.site import Site

pytestmark = pytest.mark.slow

FOLDER = ROOT / "clients/python"
OLDEST_PYTHON = (3, 9)


@pytest.fixture(scope="module")
def staff_client(site: Site, token: str) -> Client:
    return Client(site.base, token)


def test_picture_is_recognised_from_bytes_and_path(
    site: Site, draw_digit: Draw, tmp_path: Path
) -> None:
    client, path = Client(site.base + "/"), tmp_path / "three.png"
    path.write_bytes(draw_digit(3))

    assert client.recognise(draw_digit(7))["label"] == "7"
    assert client.recognise(path)["label"] == "3"
    assert client.recognise(str(path))["label"] == "3"


def test_many_pictures_are_recognised_in_order(
    site: Site, draw_digit: Draw, tmp_path: Path
) -> None:
    letter = tmp_path / "a “letter”.txt"
    letter.write_text("Dear reader")
    pictures = [draw_digit(7, which) for which in range(10)]

    results = list(Client(site.base).recognise_many([*pictures, letter, draw_digit(3)]))

    labels = [result["answer"] and result["answer"]["label"] for result in results]
    assert labels == [*["7"] * 10, None, "3"]
    assert results[10]["problem"]
    assert results[10]["problem"]["code"] == "not_an_image"


def test_preview_stores_nothing(site: Site, staff_client: Client, draw_digit: Draw) -> None:
    before = list(staff_client.images())
    assert Client(site.base).preview(draw_digit(5))["label"] == "5"
    assert list(staff_client.images()) == before


def test_sender_fetches_corrects_and_deletes_an_upload(site: Site, draw_digit: Draw) -> None:
    client = Client(site.base)
    answer = client.recognise(draw_digit(7))

    assert client.fetch(answer["id"])["label"] == "7"
    assert client.suggest(answer["digits"][0]["id"], "1") == {"label": "1"}
    with pytest.raises(ApiError) as wrong_key:
        client.delete(answer["id"], "0" * 64)
    assert (wrong_key.value.status, wrong_key.value.code) == (403, "wrong_delete_key")
    client.delete(answer["id"], answer["delete_key"])
    with pytest.raises(ApiError) as missing:
        client.fetch(answer["id"])
    assert missing.value.status == 404


def test_list_follows_all_pages(staff_client: Client, draw_digit: Draw) -> None:
    uploaded = {
        staff_client.recognise(draw_digit(7, which))["digits"][0]["id"] for which in range(5)
    }
    ids = [image["id"] for image in staff_client.images(limit=2, source="api")]
    assert uploaded <= set(ids)
    assert len(ids) == len(set(ids))


def test_labels_are_set_and_exported(
    staff_client: Client, draw_digit: Draw, tmp_path: Path
) -> None:
    first, second = (staff_client.recognise(draw_digit(7, n))["digits"][0]["id"] for n in (20, 21))

    assert staff_client.label(first, "7")["label"] == "7"
    assert staff_client.label_many({first: "1", second: "not_a_digit"}) == {"labelled": 2}
    staff_client.export(tmp_path / "labels.npz")

    labelled = np.load(tmp_path / "labels.npz")
    labels = dict(zip(labelled["ids"].tolist(), labelled["y"].tolist(), strict=True))
    assert (labels[first], labels[second]) == (1, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.npz"], "a partial file is left"


def test_invalid_input_lists_errors_by_field(staff_client: Client) -> None:
    with pytest.raises(ApiError) as error:
        staff_client.label_many({str(uuid4()): "x"})
    assert (error.value.status, error.value.code) == (400, "invalid")
    assert [field for field in error.value.errors if "label" in field]
    assert error.value.detail


def test_staff_operation_requires_a_token(site: Site) -> None:
    with pytest.raises(ApiError) as error:
        next(Client(site.base).images())
    assert (error.value.status, error.value.code) == (401, "not_authenticated")


class FailingHandler(BaseHTTPRequestHandler):
    """Responds with each of `statuses`, and drops the connection for 0."""

    statuses: ClassVar[list[int]]
    requests: ClassVar[list[tuple[str | None, bytes]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.headers["Idempotency-Key"], body))
        if status := self.statuses.pop(0):
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(json.dumps({"label": "7"}).encode() if status == 200 else b"<html>")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve_failures(*statuses: int) -> Iterator[Client]:
    FailingHandler.statuses, FailingHandler.requests = [*statuses], []
    with ThreadingHTTPServer(("127.0.0.1", 0), FailingHandler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield Client(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()


def test_temporary_failure_is_retried_with_the_same_key() -> None:
    with serve_failures(503, 0, 429, 200) as client:
        assert client.recognise(b"a picture")["label"] == "7"
    ((key, body),) = set(FailingHandler.requests)
    assert key
    assert len(key) >= 16
    assert (body, len(FailingHandler.requests)) == (b"a picture", 4)


def test_each_call_has_its_own_key() -> None:
    with serve_failures(200, 200) as client:
        client.recognise(b"a picture")
        client.recognise(b"a picture")
    assert len(set(FailingHandler.requests)) == 2


def test_client_gives_up_with_the_last_error() -> None:
    with serve_failures(502, 502, 502, 502, 200) as client, pytest.raises(ApiError) as error:
        client.recognise(b"a picture")
    assert (error.value.status, len(FailingHandler.requests)) == (502, 4)
    assert error.value.detail == "Bad Gateway"


def test_permanent_error_is_not_retried() -> None:
    with serve_failures(400, 200) as client, pytest.raises(ApiError):
        client.recognise(b"no picture")
    assert len(FailingHandler.requests) == 1


def test_unreachable_site_raises_os_error(site: Site) -> None:
    with pytest.raises(OSError, match="refused"):
        Client("http://127.0.0.1:1", tries=1).recognise(b"a picture")


@pytest.mark.parametrize(
    "file", [*FOLDER.glob("mnistsite_client/*.py")], ids=lambda file: file.name
)
def test_oldest_supported_python_parses_the_client(file: Path) -> None:
    assert ast.parse(file.read_text(), feature_version=OLDEST_PYTHON)


def test_correction_names_all_digits(site: Site, draw_digit: Draw) -> None:
    client = Client(site.base)
    answer = client.recognise(draw_digit(7))

    correction = client.correct(answer["id"], "1", [answer["digits"][0]["box"]])

    assert correction["text"] == "1"
    assert correction["digits"][0]["image"] == answer["digits"][0]["id"]


def test_asynchronous_client_does_the_same(
    site: Site, token: str, draw_digit: Draw, tmp_path: Path
) -> None:
    client = AsyncClient(site.base, token)

    async def use() -> None:
        answers = await asyncio.gather(*(client.recognise(draw_digit(7, n)) for n in range(3)))
        assert [answer["label"] for answer in answers] == ["7"] * 3
        upload, image = answers[0]["id"], answers[0]["digits"][0]["id"]
        assert (await client.fetch(upload))["label"] == "7"
        assert (await client.preview(draw_digit(5)))["label"] == "5"
        assert await client.suggest(image, "1") == {"label": "1"}
        assert (await client.correct(upload, "1"))["text"] == "1"
        results = [each async for each in client.recognise_many([draw_digit(7)] * 11)]
        assert len(results) == 11
        assert image in [each["id"] async for each in client.images(limit=2)]
        assert (await client.label(image, "7"))["label"] == "7"
        assert await client.label_many({image: "1"}) == {"labelled": 1}
        await client.export(tmp_path / "labels.zip")
        await client.delete(upload)
        with pytest.raises(ApiError):
            await client.fetch(upload)

    asyncio.run(use())


def test_package_is_built_with_its_types(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "source")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(tmp_path / "source")]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"mnistsite_client/client.py", "mnistsite_client/py.typed"} <= set(names)
