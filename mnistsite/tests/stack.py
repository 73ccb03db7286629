"""`make run` as real processes, with data in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
from django.conf import settings

PASSWORD = "a password for this test"
READY_WITHIN_S = 120
ASK_EVERY_S = 0.05
RUN = [sys.executable, "-m", "mnistsite.entrypoints.run"]
PREPARE = """
import django
django.setup()
from mnistsite import prepare, static_files
prepare.prepare()
prepare.create_first_account()
static_files.collect_changed()
"""

Staff = Callable[..., Any]


@dataclass
class Site:
    """A running `python -m mnistsite.entrypoints.run` with its data in a folder of its own."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    base: str
    log: Path

    @property
    def printed(self) -> str:
        return self.log.read_text()

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


def started(folder: Path, environment: dict[str, str] | None = None) -> Site:
    """Start a site and wait until it serves."""
    environment = environment or site_environment(folder)
    log = folder / f"{environment['PORT']}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            RUN, env=environment, cwd=settings.BASE_DIR, stdout=output, stderr=subprocess.STDOUT
        )
    site = Site(process, environment, f"http://127.0.0.1:{environment['PORT']}", log)
    eventually(lambda: serves(site) or process.poll() is not None, READY_WITHIN_S)
    if not serves(site):
        stop(site)
        raise AssertionError(site.printed)
    return site


def serves(site: Site) -> bool:
    return "\nServing on" in site.printed


def prepare_data(folder: Path) -> None:
    """Make what a site makes at its first start: database, first account and static files."""
    environment = site_environment(folder) | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"}
    command = [sys.executable, "-c", PREPARE]
    subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=True)


def copy_data(source: Path, target: Path) -> None:
    """Copy a folder with its owners, as the database has one of its own where root runs it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["/bin/cp", "-a", source, target], check=True)


def site_environment(folder: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "SECRET_KEY", "MNIST_NPZ")
    }
    return inherited | {
        "VAR_DIR": str(folder / "var"),
        "MODELS_DIR": str(folder / "models"),
        "IMAGES_DIR": str(folder / "images"),
        "PORT": str(free_port()),
        "ADMIN_PASSWORD": PASSWORD,
        "WANDB_MODE": "disabled",
        "PREDICT_PER_SECOND": "1000",
    }


def eventually(true: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(ASK_EVERY_S)  # what is waited for needs the processor more
    return true()


def lives(process: psutil.Process) -> bool:
    """A zombie does not: where process 1 reaps nobody, the database's ends as one."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop(site: Site, number: int = signal.SIGINT) -> None:
    site.process.send_signal(number)
    site.process.wait(timeout=60)


def workers(site: Site) -> list[psutil.Process]:
    children = psutil.Process(site.process.pid).children()
    return [child for child in children if "procrastinate" in command_line(child)]


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
