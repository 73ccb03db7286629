"""The memory of request bodies is freed after the response."""

import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse
from django.test import RequestFactory

from benchmarks.load import HEADERS, encode_multipart
from classifier.models import ModelVersion
from classifier.tests.pictures import Draw
from mnistsite.entrypoints import run, supervisor
from mnistsite.middleware.bodies import BodyLimitMiddleware
from mnistsite.tests.production.requests import is_ready, send_request
from mnistsite.tests.site import find_free_port, wait_until

pytestmark = pytest.mark.slow

TOKEN = "a" * 32
FORM = HEADERS | {"Cookie": f"csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
BODY = {"Content-Type": "image/png"}


def damage(picture: bytes) -> bytes:
    return picture[:100] + b"\1" * (len(picture) - 100)


def pack_damaged(picture: bytes) -> bytes:
    return encode_multipart(damage(picture))


@dataclass(frozen=True)
class UploadMethod:
    """A way to send a picture, and the expected status."""

    path: str
    headers: dict[str, str]
    pack: Callable[[bytes], bytes]
    status: int


METHODS = {
    "the page's form": UploadMethod("/predict", FORM, encode_multipart, 302),
    "a field": UploadMethod("/api/predict", HEADERS, encode_multipart, 200),
    "a field for many": UploadMethod("/api/predict/many", HEADERS, encode_multipart, 200),
    "the body": UploadMethod("/api/predict", BODY, bytes, 200),
    "the body of a preview": UploadMethod("/api/preview", BODY, bytes, 200),
    "a damaged body": UploadMethod("/api/predict", BODY, damage, 400),
    "a damaged field": UploadMethod("/api/predict", HEADERS, pack_damaged, 400),
    "a damaged form": UploadMethod("/predict", FORM, pack_damaged, 400),
}
MB = 1_000_000
CLIENTS = 8
UPLOADS = 48
LIMIT_MB = 200


def pad(picture: bytes, size: int) -> bytes:
    return picture.ljust(size, b"\0")


@pytest.mark.parametrize(("status", "is_read"), [(429, True), (200, False)])
def test_refused_body_is_read_to_its_end(status: int, is_read: bool) -> None:
    """A client that finds the connection closed while it sends never reads the refusal."""
    request = RequestFactory().post("/api/predict", bytes(200_000), "image/png")

    BodyLimitMiddleware(lambda _request: HttpResponse(status=status))(request)

    assert (request.read() == b"") == is_read


@pytest.fixture
def _open_connection(db: None) -> Iterator[None]:
    """Keep the connection of the test's transaction, which a response would close."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def handler() -> WSGIHandler:
    handler = WSGIHandler()
    handler.load_middleware()
    return handler


@pytest.fixture
def _no_automatic_collection() -> Iterator[None]:
    """Collect no garbage, as in production between full collections."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("champion", "_open_connection", "_no_automatic_collection")
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_body_is_freed_after_the_response(
    method: UploadMethod,
    handler: WSGIHandler,
    draw_digit: Draw,
) -> None:
    body = method.pack(pad(draw_digit(7), MB))

    def upload() -> None:
        request = RequestFactory().generic(
            "POST", method.path, body, method.headers["Content-Type"], headers=method.headers
        )
        response = handler(request.environ, lambda *_: lambda _: None)
        assert response.status_code == method.status
        response.close()

    upload()
    tracemalloc.start()
    for _ in range(8):
        upload()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert left < 4 * MB, "more than one body and its copies remain"


@dataclass
class WebServer:
    process: psutil.Process
    port: int

    def measure_mb(self) -> float:
        """Return the memory that the serving process does not share."""
        (worker,) = self.process.children()
        return float(worker.memory_full_info().uss / MB)


@pytest.fixture
def web(
    transactional_db: None, champion: ModelVersion, own_media: None, tmp_path: Path
) -> Iterator[WebServer]:
    """gunicorn with one process of four threads, as in `make run`."""
    port = find_free_port()
    environment = (
        run.ENVIRONMENT
        | os.environ
        | {
            "DATABASE_URL": supervisor.build_database_url(),
            "SECRET_KEY": "only for this test",
            "VAR_DIR": str(tmp_path / "var"),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "PREDICT_PER_SECOND": "1000",
        }
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level", "warning"],
        env=environment,
        cwd=settings.BASE_DIR,
    )
    try:
        assert wait_until(lambda: is_ready(port), 30)
        yield WebServer(psutil.Process(process.pid), port)
    finally:
        process.terminate()
        process.wait(30)


def test_eight_large_uploads_at_once_use_little_memory(web: WebServer, draw_digit: Draw) -> None:
    picture = pad(draw_digit(7), 9_900_000)

    def upload(method: UploadMethod) -> float:
        body = method.pack(picture)
        response = send_request(web.port, method.path, body, method.headers)
        assert response.status == method.status, response.body
        return web.measure_mb()

    # Pages would need collected static files.
    methods = cycle(each for each in METHODS.values() if each.path.startswith("/api/"))
    with ThreadPoolExecutor(CLIENTS) as clients:
        sizes = [*clients.map(upload, islice(methods, UPLOADS))]

    assert max(sizes) < LIMIT_MB
