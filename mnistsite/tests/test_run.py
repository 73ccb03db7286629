"""The whole of `make run` as real processes: gunicorn, worker and embedded PostgreSQL."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest
from django.conf import settings

from mnistsite.tests.stack import (
    RUN,
    Site,
    command_line,
    copy_data,
    eventually,
    free_port,
    lives,
    site_environment,
    started,
    stop,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder: this site starts for the first time."""
    return tmp_path_factory.mktemp("site")


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


def test_script_name_header_is_ignored(site: Site) -> None:
    assert site.call("/readyz", {"SCRIPT_NAME": "/elsewhere"})["status"] == "ready"


def test_charset_that_is_none_of_text_is_ignored(site: Site, drawn: Callable[..., bytes]) -> None:
    headers = {"Content-Type": "image/png; charset=zlib"}
    assert site.call("/api/preview?q=1", headers, drawn(7))["label"] == "7"


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


def test_first_run_prints_the_account_last(site: Site) -> None:
    account = "First staff account: admin, the password from ADMIN_PASSWORD\n"
    assert eventually(lambda: account in site.printed, 5)
    assert site.printed.index("\nServing on") < site.printed.index(account)


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


def refused(environment: dict[str, str]) -> str:
    """Run a site that cannot start, and return what it printed."""
    done = subprocess.run(
        RUN, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_run_after_a_killed_run_ends_its_processes_and_keeps_its_data(
    tmp_path: Path, prepared: Path, drawn: Callable[..., bytes]
) -> None:
    copy_data(prepared, tmp_path / "var")
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
        assert "First staff account" not in again.printed
        assert not [process for process in left if lives(process)]
        assert database_pid(tmp_path) == postmaster.pid
        assert again.call(f"/api/uploads/{upload}")["label"] == "5"
        family = psutil.Process(again.process.pid).children(recursive=True)
    finally:
        stop(again, signal.SIGINT)
    assert not [process for process in [*family, postmaster] if lives(process)]
    assert not (tmp_path / "var/postgres/postmaster.pid").exists()
    assert not (tmp_path / "var/run.json").exists()


def database_pid(folder: Path) -> int:
    return int((folder / "var/postgres/postmaster.pid").read_text().split()[0])
