"""A start of `make run` beside another one, and after one that was killed: real processes."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from mnistsite.tests.stack import RUN, Site, free_port, lives, site_environment, started, stop


def refused(environment: dict[str, str]) -> str:
    """Run a site that cannot start, and return what it printed."""
    done = subprocess.run(
        RUN, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_second_run_on_the_same_data_is_refused_and_the_first_goes_on_serving(
    site: Site, folder: Path
) -> None:
    printed = refused(site.environment | {"PORT": str(free_port())})

    assert printed == (
        f"mnistsite can't start: it runs already with the data in {folder / 'var'} "
        f"({site.base}, process {site.process.pid}). For a second site name another folder and "
        "port: make run VAR_DIR=… PORT=…\n"
    )
    assert site.call("/readyz")["status"] == "ready"


def test_taken_port_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    environment = site_environment(tmp_path)
    port = int(environment["PORT"])
    with socket.create_server(("127.0.0.1", port)):
        printed = refused(environment)

    assert f"port {port} is taken by another program" in printed
    assert f"make run PORT={port + 1}" in printed
    assert not (tmp_path / "var/postgres").exists()


@pytest.mark.parametrize(
    ("port", "complaint"),
    [("65536", "PORT=65536 is too large"), ("none", "PORT='none' is not a whole number")],
)
def test_impossible_port_is_refused(port: str, complaint: str, tmp_path: Path) -> None:
    assert complaint in refused(site_environment(tmp_path) | {"PORT": port})


def test_run_after_a_killed_run_ends_its_processes_and_keeps_its_data(
    tmp_path: Path, drawn: Callable[..., bytes]
) -> None:
    killed = started(tmp_path)
    upload = killed.predict(drawn(5))["id"]
    left = psutil.Process(killed.process.pid).children(recursive=True)
    postmaster = psutil.Process(database_pid(tmp_path))
    killed.process.kill()
    killed.process.wait()
    assert all(lives(process) for process in [*left, postmaster])

    again = started(tmp_path, killed.environment)
    try:
        assert "Stopped the web server of an earlier run" in again.printed
        assert "Stopped the worker of an earlier run" in again.printed
        assert not [process for process in left if lives(process)]
        assert database_pid(tmp_path) == postmaster.pid
        assert again.call(f"/api/uploads/{upload}")["label"] == "5"
    finally:
        stop(again)
    assert not lives(postmaster)


def database_pid(folder: Path) -> int:
    return int((folder / "var/postgres/postmaster.pid").read_text().split()[0])
