"""The whole of `make run` as real processes: gunicorn, worker and embedded PostgreSQL."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from django.conf import settings

from mnistsite.run import EARLY_S

PASSWORD = "a password for this test"
READY_WITHIN_S = 120
TAKEN_UP_WITHIN_S = 2


@dataclass
class Site:
    """A running `python -m mnistsite.run` with its data in a folder of its own."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    base: str
    printed: list[str]

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        method: str | None = None,
    ) -> Any:
        request = Request(self.base + path, data, headers or {}, method=method)  # noqa: S310
        with urlopen(request) as response:  # noqa: S310
            return json.load(response)

    def predict(self, picture: bytes | Iterator[bytes]) -> Any:
        return self.call("/api/predict", {"Content-Type": "image/png"}, picture)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def started(folder: Path) -> Site:
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "SECRET_KEY", "MNIST_NPZ")
    } | {
        "VAR_DIR": str(folder / "var"),
        "MODELS_DIR": str(folder / "models"),
        "IMAGES_DIR": str(folder / "images"),
        "PORT": str(port),
        "ADMIN_PASSWORD": PASSWORD,
        "WANDB_MODE": "disabled",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mnistsite.run"],
        env=environment,
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    site = Site(process, environment, f"http://127.0.0.1:{port}", [])
    wait_until_ready(site)
    return site


def wait_until_ready(site: Site) -> None:
    assert site.process.stdout
    for line in site.process.stdout:
        site.printed.append(line)
        if line.startswith("Serving on"):
            break
    assert eventually(lambda: answers(site), READY_WITHIN_S), "".join(site.printed)


def answers(site: Site) -> bool:
    try:
        return bool(site.call("/readyz")["status"] == "ready")
    except OSError:
        return False


def eventually(true: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
    return true()


def lives(process: psutil.Process) -> bool:
    """A zombie does not: where process 1 reaps nobody, the database's ends as one."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop(site: Site, number: int = signal.SIGINT) -> None:
    site.process.send_signal(number)
    site.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    site = started(folder)
    yield site
    if site.process.poll() is None:
        stop(site)


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.manage("drf_create_token", "admin").split()[2]


def test_a_posted_digit_is_read(site: Site, drawn: Callable[..., bytes]) -> None:
    answer = site.predict(drawn(7))
    assert (answer["label"], answer["verdict"], answer["model"]) == ("7", "digit", "baseline")


def test_a_body_that_is_far_too_large_is_answered_and_not_cut_off(site: Site) -> None:
    with pytest.raises(HTTPError) as error:
        site.predict(bytes(20 * 1024 * 1024))
    assert error.value.code == 413
    assert json.load(error.value)["code"] == "too_large"


def test_a_body_in_chunks_is_asked_for_its_length(site: Site) -> None:
    with pytest.raises(HTTPError) as error:
        site.predict(iter([b"some", b"bytes"]))
    assert error.value.code == 411
    assert json.load(error.value)["code"] == "length_required"


def test_no_serving_process_ever_loads_tensorflow(site: Site, drawn: Callable[..., bytes]) -> None:
    for _ in range(8):  # so that every worker has recognised something
        site.predict(drawn(3))
    web = [
        process
        for process in psutil.Process(site.process.pid).children(recursive=True)
        if "gunicorn" in command_line(process)
    ]
    assert len(web) == 3, "an arbiter and two workers"
    loaded = {Path(place.path).name for process in web for place in process.memory_maps()}
    assert any("litert" in name.lower() for name in loaded)
    assert not [
        name for name in loaded if "tensorflow_cc" in name or "tensorflow_framework" in name
    ]


def test_a_correction_becomes_a_better_model_that_serves_without_a_restart(
    site: Site, token: str, drawn: Callable[..., bytes]
) -> None:
    staff = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    ids = [site.predict(drawn(7, which))["digits"][0]["id"] for which in range(4)]
    waiting = {image["id"] for image in site.call("/api/images?label=unknown", staff)["results"]}
    assert set(ids) <= waiting
    for image_id in ids[:3]:
        body = json.dumps({"label": "7"}).encode()
        changed = site.call(f"/api/images/{image_id}", staff, body, "PATCH")
        assert changed["label"] == "7"

    site.manage("loadmnist", "--sample")
    printed = site.manage("train", "--epochs", "2", "--name", "second")
    snapshot = site.call("/api/models", staff)["results"][0]["snapshot"]
    learnt = set(snapshot["corrected"])
    assert learnt <= set(ids[:3])
    assert len(learnt) + snapshot["left_out"]["held_out"] == 3
    assert f"{len(learnt)} API, 4,000 MNIST sample." in printed
    assert "Left out: " in printed
    assert site.predict(drawn(7))["model"] == "baseline"

    site.manage("promote", "second")
    assert eventually(lambda: site.predict(drawn(7))["model"] == "second", TAKEN_UP_WITHIN_S)
    site.manage("rollback")
    assert eventually(lambda: site.predict(drawn(7))["model"] == "baseline", TAKEN_UP_WITHIN_S)


def test_a_worker_that_ends_is_started_again_and_the_site_serves_on(
    site: Site, token: str, drawn: Callable[..., bytes]
) -> None:
    assert eventually(lambda: age_s(site.process.pid) > EARLY_S + 5, EARLY_S + 5)
    (ended,) = workers(site)
    ended.kill()
    assert eventually(lambda: [w for w in workers(site) if w != ended] != [], 15)
    assert site.predict(drawn(7))["label"] == "7"


def workers(site: Site) -> list[psutil.Process]:
    children = psutil.Process(site.process.pid).children()
    return [child for child in children if "procrastinate" in command_line(child)]


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def age_s(pid: int) -> float:
    return float(time.time() - psutil.Process(pid).create_time())


def test_ctrl_c_stops_all_of_it_and_the_next_start_has_kept_everything(
    site: Site, folder: Path, token: str, drawn: Callable[..., bytes]
) -> None:
    kept = site.predict(drawn(5))["digits"][0]["id"]
    family = psutil.Process(site.process.pid).children(recursive=True)
    postmaster = psutil.Process(
        int((folder / "var/postgres/postmaster.pid").read_text().split()[0])
    )
    assert "First staff account: admin, the password from ADMIN_PASSWORD\n" in site.printed
    stop(site)
    assert not [process for process in [*family, postmaster] if lives(process)]

    again = started(folder)
    try:
        image = again.call(f"/api/images/{kept}", {"Authorization": f"Token {token}"})
        assert image["prediction"]["label"] == "5"
        assert not re.search("First staff account", "".join(again.printed))
    finally:
        stop(again, signal.SIGTERM)
    assert not (folder / "var/postgres/postmaster.pid").exists()
