"""The Python client, against the site as it runs and against one that is troubled."""

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

import numpy as np
import pytest

from mnistsite.tests.client import ApiError, Client
from mnistsite.tests.examples import ROOT
from mnistsite.tests.stack import Site

FILE = ROOT / "clients/python/mnistsite_client.py"
OLDEST = (3, 9)


@pytest.fixture(scope="module")
def staff_client(site: Site, token: str) -> Client:
    return Client(site.base, token)


def test_a_digit_is_read_from_its_bytes_and_from_its_path(
    site: Site, drawn: Callable[..., bytes], tmp_path: Path
) -> None:
    client, path = Client(site.base + "/"), tmp_path / "three.png"
    path.write_bytes(drawn(3))

    assert client.recognise(drawn(7))["label"] == "7"
    assert client.recognise(path)["label"] == "3"
    assert client.recognise(str(path))["label"] == "3"


def test_more_pictures_than_a_request_takes_are_read_in_order(
    site: Site, drawn: Callable[..., bytes], tmp_path: Path
) -> None:
    letter = tmp_path / "a “letter”.txt"
    letter.write_text("Dear reader")
    pictures = [drawn(7, which) for which in range(10)]

    found = list(Client(site.base).recognise_many([*pictures, letter, drawn(3)]))

    assert [each["answer"]["label"] for each in found[:10]] == ["7"] * 10
    assert found[10]["problem"]["code"] == "not_an_image"
    assert found[11]["answer"]["label"] == "3"


def test_a_preview_keeps_nothing(
    site: Site, staff_client: Client, drawn: Callable[..., bytes]
) -> None:
    before = list(staff_client.images())
    assert Client(site.base).preview(drawn(5))["label"] == "5"
    assert list(staff_client.images()) == before


def test_an_answer_is_fetched_corrected_and_deleted_by_who_sent_it(
    site: Site, drawn: Callable[..., bytes]
) -> None:
    client = Client(site.base)
    answer = client.recognise(drawn(7))

    assert client.fetch(answer["id"])["label"] == "7"
    assert client.suggest(answer["digits"][0]["id"], "1") == {"label": "1"}
    with pytest.raises(ApiError) as refused:
        client.delete(answer["id"], "0" * 64)
    assert (refused.value.status, refused.value.code) == (403, "wrong_delete_key")
    client.delete(answer["id"], answer["delete_key"])
    with pytest.raises(ApiError) as gone:
        client.fetch(answer["id"])
    assert gone.value.status == 404


def test_all_pages_of_a_list_are_gone_through(
    staff_client: Client, drawn: Callable[..., bytes]
) -> None:
    sent = {staff_client.recognise(drawn(7, which))["digits"][0]["id"] for which in range(5)}
    listed = [image["id"] for image in staff_client.images(limit=2, source="api")]
    assert sent <= set(listed)
    assert len(listed) == len(set(listed))


def test_labels_are_set_and_exported(
    staff_client: Client, drawn: Callable[..., bytes], tmp_path: Path
) -> None:
    first, second = (staff_client.recognise(drawn(7, n))["digits"][0]["id"] for n in (20, 21))

    assert staff_client.label(first, "7")["label"] == "7"
    assert staff_client.label_many({first: "1", second: "not_a_digit"}) == {"labelled": 2}
    staff_client.export(tmp_path / "labels.npz")

    labelled = np.load(tmp_path / "labels.npz")
    found = dict(zip(labelled["ids"].tolist(), labelled["y"].tolist(), strict=True))
    assert (found[first], found[second]) == (1, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.npz"], "nothing is left half"


def test_what_is_wrong_is_said_by_field(staff_client: Client) -> None:
    with pytest.raises(ApiError) as error:
        staff_client.label_many({str(uuid4()): "x"})
    assert (error.value.status, error.value.code) == (400, "invalid")
    assert [field for field in error.value.errors if "label" in field]
    assert error.value.detail


def test_staffs_part_takes_a_token(site: Site) -> None:
    with pytest.raises(ApiError) as error:
        next(Client(site.base).images())
    assert (error.value.status, error.value.code) == (401, "not_authenticated")


class Troubled(BaseHTTPRequestHandler):
    """Answers with each of `statuses`, and drops the connection for 0."""

    statuses: ClassVar[list[int]]
    seen: ClassVar[list[tuple[str | None, bytes]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["Idempotency-Key"], body))
        if status := self.statuses.pop(0):
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(json.dumps({"label": "7"}).encode() if status == 200 else b"<html>")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def troubled(*statuses: int) -> Iterator[Client]:
    Troubled.statuses, Troubled.seen = [*statuses], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Troubled) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield Client(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()


def test_what_fails_for_a_passing_reason_is_sent_again_under_its_key() -> None:
    with troubled(503, 0, 429, 200) as client:
        assert client.recognise(b"a picture")["label"] == "7"
    ((key, body),) = set(Troubled.seen)
    assert key
    assert len(key) >= 16
    assert (body, len(Troubled.seen)) == (b"a picture", 4)


def test_another_picture_has_another_key() -> None:
    with troubled(200, 200) as client:
        client.recognise(b"a picture")
        client.recognise(b"a picture")
    assert len(set(Troubled.seen)) == 2


def test_it_gives_up_at_last_and_says_why() -> None:
    with troubled(502, 502, 502, 502, 200) as client, pytest.raises(ApiError) as error:
        client.recognise(b"a picture")
    assert (error.value.status, len(Troubled.seen)) == (502, 4)
    assert error.value.detail == "Bad Gateway"


def test_what_is_refused_is_not_sent_again() -> None:
    with troubled(400, 200) as client, pytest.raises(ApiError):
        client.recognise(b"no picture")
    assert len(Troubled.seen) == 1


def test_a_site_that_is_not_there_is_an_error_of_the_system(site: Site) -> None:
    with pytest.raises(OSError, match="refused"):
        Client("http://127.0.0.1:1", tries=1).recognise(b"a picture")


def test_it_is_read_by_the_oldest_python_that_it_is_for() -> None:
    assert ast.parse(FILE.read_text(), feature_version=OLDEST)
