"""Start sites with `make run` as real processes, each with its own data."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
from django.conf import settings

from classifier.tests.commands import run_python

PASSWORD = "a password for this test"
READY_WITHIN_S = 120
# Requests every few milliseconds would cost the site more time than what they wait for.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5
RUN = ("-m", "mnistsite.entrypoints.run")
PREPARE = """
import django
django.setup()
from django.conf import settings
from django.contrib.auth.models import User
from classifier.access import tokens
from classifier.models import ApiToken
from classifier.recognition.labels import Scope
from mnistsite import static_files
from mnistsite.entrypoints import prepare
prepare.prepare()
prepare.create_first_account()
static_files.collect_changed()
token = ApiToken(name="tests", user=User.objects.get(), scopes=[*Scope])
(settings.VAR_DIR / "token").write_text(tokens.issue_token(token))
"""
# Starting a command costs more than what it does.
CONSOLE = """
import contextlib, io, json, sys
import django
django.setup()
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(json.loads(line), {})
    print(json.dumps(printed.getvalue()), flush=True)
"""

CallApi = Callable[..., Any]


@dataclass
class Site:
    """A running `python -m mnistsite.entrypoints.run` with its own data."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    base: str
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    @cached_property
    def console(self) -> subprocess.Popen[str]:
        """A process that executes code with the site's settings."""
        key = {"SECRET_KEY_FILE": f"{self.environment['VAR_DIR']}/secret_key"}
        return subprocess.Popen(
            [sys.executable, "-c", CONSOLE],
            env=self.environment | key,
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def execute(self, code: str) -> str:
        """Execute code in the console, and return what it prints."""
        assert self.console.stdin
        assert self.console.stdout
        print(json.dumps(code), file=self.console.stdin, flush=True)
        return str(json.loads(self.console.stdout.readline()))

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


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_site(folder: Path, environment: dict[str, str] | None = None) -> Site:
    """Start a site and wait until it serves."""
    environment = environment or build_environment(folder)
    log = folder / f"{environment['PORT']}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *RUN],
            env=environment,
            cwd=settings.BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    site = Site(process, environment, f"http://127.0.0.1:{environment['PORT']}", log)
    wait_until(lambda: is_serving(site) or process.poll() is not None, READY_WITHIN_S)
    if not is_serving(site):
        stop_site(site)
        raise AssertionError(site.output)
    return site


def is_serving(site: Site) -> bool:
    return "\nServing on" in site.output


def prepare_data(folder: Path) -> None:
    """Create a site's database, static files, first account and a token of it."""
    completed = run_python("-c", PREPARE, environment=build_environment(folder))
    assert completed.returncode == 0, completed.stderr


def copy_data(source: Path, target: Path) -> None:
    """Copy a folder with its owners, because the database of root has another owner."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["/bin/cp", "-a", source, target], check=True)


def build_environment(folder: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "SECRET_KEY", "MNIST_NPZ")
    }
    return inherited | {
        "VAR_DIR": str(folder / "var"),
        "MODELS_DIR": str(folder / "models"),
        "IMAGES_DIR": str(folder / "images"),
        "PORT": str(find_free_port()),
        "ADMIN_PASSWORD": PASSWORD,
        "WANDB_MODE": "disabled",
        "PREDICT_PER_SECOND": "1000",
        "WEBHOOK_INTERNAL_NETWORKS": "127.0.0.0/8",
    }


def wait_until(condition: Callable[[], bool], within_s: float) -> bool:
    """Return True as soon as the condition holds, or False after the time."""
    deadline = time.monotonic() + within_s
    pause = FIRST_PAUSE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
        pause = min(1.2 * pause, LONGEST_PAUSE_S)
    return condition()


def is_alive(process: psutil.Process) -> bool:
    """Return False also for a zombie, which remains if process 1 reaps no children."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def stop_site(site: Site, number: int = signal.SIGINT) -> None:
    if "console" in vars(site):
        site.console.communicate()
    site.process.send_signal(number)
    site.process.wait(timeout=60)


def find_workers(site: Site) -> list[psutil.Process]:
    record = json.loads(Path(site.environment["VAR_DIR"], "run.json").read_text())
    pids = [entry["pid"] for entry in record if entry["name"] == "the worker"]
    return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


def get_command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
