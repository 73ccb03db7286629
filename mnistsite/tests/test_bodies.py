"""Bodies of requests leave a process's memory with their answers."""

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
from django.test import RequestFactory

from benchmarks.load import HEADERS, multipart
from classifier.models import ModelVersion
from mnistsite.entrypoints import run
from mnistsite.tests.production.asking import ask
from mnistsite.tests.stack import eventually, free_port

TOKEN = "a" * 32
FORM = HEADERS | {"Cookie": f"csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
BODY = {"Content-Type": "image/png"}


def damaged(picture: bytes) -> bytes:
    return picture[:100] + b"\1" * (len(picture) - 100)


def damaged_field(picture: bytes) -> bytes:
    return multipart(damaged(picture))


@dataclass(frozen=True)
class Way:
    """A way to send a picture, and the status of its answer."""

    path: str
    headers: dict[str, str]
    pack: Callable[[bytes], bytes]
    status: int


WAYS = {
    "the page's form": Way("/predict", FORM, multipart, 302),
    "a field": Way("/api/predict", HEADERS, multipart, 200),
    "a field for many": Way("/api/predict/many", HEADERS, multipart, 200),
    "the body": Way("/api/predict", BODY, bytes, 200),
    "the body of a preview": Way("/api/preview", BODY, bytes, 200),
    "a damaged body": Way("/api/predict", BODY, damaged, 400),
    "a damaged field": Way("/api/predict", HEADERS, damaged_field, 400),
    "a damaged form": Way("/predict", FORM, damaged_field, 400),
}
MB = 1_000_000
CLIENTS = 8
UPLOADS = 48
LIMIT_MB = 200


def padded(picture: bytes, size: int) -> bytes:
    return picture.ljust(size, b"\0")


@pytest.fixture
def _open_connection(db: None) -> Iterator[None]:
    """Answering a request closes the database's connection, and so the test's transaction."""
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
    """As good as in production, where a full collection is hundreds of requests away."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("champion", "_open_connection", "_no_automatic_collection")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_answered_body_is_freed(
    way: Way,
    handler: WSGIHandler,
    drawn: Callable[..., bytes],
) -> None:
    body = way.pack(padded(drawn(7), MB))

    def upload() -> None:
        request = RequestFactory().generic(
            "POST", way.path, body, way.headers["Content-Type"], headers=way.headers
        )
        response = handler(request.environ, lambda *_: lambda _: None)
        assert response.status_code == way.status
        response.close()

    upload()
    tracemalloc.start()
    for _ in range(8):
        upload()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert left < 4 * MB, "one body, and its copies, may wait for the next"


@dataclass
class Web:
    process: psutil.Process
    port: int

    def own_mb(self) -> float:
        """Return the memory that no other process shares, of the one that answers."""
        (worker,) = self.process.children()
        return float(worker.memory_full_info().uss / MB)


@pytest.fixture
def web(
    transactional_db: None, champion: ModelVersion, own_media: None, tmp_path: Path
) -> Iterator[Web]:
    """One process of four threads, as `make run` starts it."""
    port = free_port()
    environment = {
        "DATABASE_URL": run.embedded_url(),
        "SECRET_KEY": "only for this test",
        "VAR_DIR": str(tmp_path / "var"),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "PREDICT_PER_SECOND": "1000",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level", "warning"],
        env=os.environ | run.LEAN | environment,
        cwd=settings.BASE_DIR,
    )
    try:
        assert eventually(lambda: is_ready(port), 30)
        yield Web(psutil.Process(process.pid), port)
    finally:
        process.terminate()
        process.wait(30)


def is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz").status == 200
    except OSError:
        return False


def test_process_stays_small_with_eight_large_uploads_at_once(
    web: Web, drawn: Callable[..., bytes]
) -> None:
    picture = padded(drawn(7), 9_900_000)

    def upload(way: Way) -> float:
        answer = ask(web.port, way.path, way.pack(picture), way.headers)
        assert answer.status == way.status, answer.body
        return web.own_mb()

    # Pages need the static files that `collectstatic` leaves.
    ways = cycle(way for way in WAYS.values() if way.path.startswith("/api/"))
    with ThreadPoolExecutor(CLIENTS) as clients:
        sizes = [*clients.map(upload, islice(ways, UPLOADS))]

    assert max(sizes) < LIMIT_MB
