"""`make run` as real processes: gunicorn, worker and embedded PostgreSQL."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest

from classifier.tests.commands import run_python
from classifier.tests.pictures import Draw
from mnistsite.tests.site import (
    RUN,
    Site,
    build_environment,
    copy_data,
    find_free_port,
    get_command_line,
    is_alive,
    start_site,
    stop_site,
    wait_until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, so that the site starts for the first time."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    site = start_site(folder)
    yield site
    stop_site(site, signal.SIGTERM)


def test_posted_digit_is_recognised(site: Site, draw_digit: Draw) -> None:
    answer = site.predict(draw_digit(7))
    assert (answer["label"], answer["verdict"], answer["model"]) == ("7", "digit", "baseline")


def test_far_too_large_body_gets_a_response(site: Site) -> None:
    with pytest.raises(HTTPError) as error:
        site.predict(bytes(20 * 1024 * 1024))
    assert error.value.code == 413
    assert json.load(error.value)["code"] == "too_large"


def test_chunked_body_is_rejected(site: Site) -> None:
    with pytest.raises(HTTPError) as error:
        site.predict(iter([b"some", b"bytes"]))
    assert error.value.code == 411
    assert json.load(error.value)["code"] == "length_required"


def test_script_name_header_is_ignored(site: Site) -> None:
    assert site.call("/readyz", {"SCRIPT_NAME": "/elsewhere"})["status"] == "ready"


def test_unsupported_charset_is_ignored(site: Site, draw_digit: Draw) -> None:
    headers = {"Content-Type": "image/png; charset=zlib"}
    assert site.call("/api/preview", headers, draw_digit(7))["label"] == "7"


def test_web_processes_do_not_load_tensorflow(site: Site, draw_digit: Draw) -> None:
    for _ in range(8):  # so that every process has recognised something
        site.predict(draw_digit(3))
    web = [
        process
        for process in psutil.Process(site.process.pid).children(recursive=True)
        if "gunicorn" in get_command_line(process)
    ]
    assert len(web) == 3, "expected an arbiter and two workers"
    loaded = {Path(area.path).name for process in web for area in process.memory_maps()}
    assert any("litert" in name.lower() for name in loaded)
    assert not [
        name for name in loaded if "tensorflow_cc" in name or "tensorflow_framework" in name
    ]


def test_first_run_prints_the_account_last(site: Site) -> None:
    account = "First staff account: admin, the password from ADMIN_PASSWORD\n"
    assert wait_until(lambda: account in site.output, 5)
    assert site.output.index("\nServing on") < site.output.index(account)


def test_second_run_with_the_same_data_is_refused(site: Site, folder: Path) -> None:
    output = run_refused(site.environment | {"PORT": str(find_free_port())})

    assert output == (
        f"mnistsite can't start: it already runs with the data in {folder / 'var'} "
        f"({site.base}, process {site.process.pid}). For a second site, choose another "
        "folder and port: make run VAR_DIR=… PORT=…\n"
    )
    assert site.call("/readyz")["status"] == "ready"


def test_used_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    environment = build_environment(tmp_path)
    port = int(environment["PORT"])
    with socket.create_server(("127.0.0.1", port)):
        output = run_refused(environment)

    assert f"port {port} is in use by another program" in output
    assert f"make run PORT={port + 1}" in output
    assert not (tmp_path / "var/postgres").exists()


@pytest.mark.parametrize(
    ("port", "message"),
    [("65536", "PORT=65536 is too large"), ("none", "PORT='none' is not a whole number")],
)
def test_impossible_port_is_refused(port: str, message: str, tmp_path: Path) -> None:
    assert message in run_refused(build_environment(tmp_path) | {"PORT": port})


def run_refused(environment: dict[str, str]) -> str:
    """Run a site that can't start, and return its output."""
    completed = run_python(*RUN, environment=environment)
    assert completed.returncode == 1
    assert "Traceback" not in completed.stderr
    return completed.stdout + completed.stderr


def test_next_run_ends_processes_of_a_killed_run(
    tmp_path: Path, prepared: Path, draw_digit: Draw
) -> None:
    copy_data(prepared, tmp_path / "var")
    killed = start_site(tmp_path)
    upload = killed.predict(draw_digit(5))["id"]
    leftovers = psutil.Process(killed.process.pid).children(recursive=True)
    postmaster = psutil.Process(read_database_pid(tmp_path))
    killed.process.kill()
    killed.process.wait()
    assert all(is_alive(process) for process in [*leftovers, postmaster])

    second = start_site(tmp_path, killed.environment)
    try:
        assert "Stopped the web server of an earlier run that was killed." in second.output
        assert "Stopped the worker of an earlier run" in second.output
        assert "First staff account" not in second.output
        assert not [process for process in leftovers if is_alive(process)]
        assert read_database_pid(tmp_path) == postmaster.pid
        assert second.call(f"/api/uploads/{upload}")["label"] == "5"
        family = psutil.Process(second.process.pid).children(recursive=True)
    finally:
        stop_site(second, signal.SIGINT)
    assert not [process for process in [*family, postmaster] if is_alive(process)]
    assert not (tmp_path / "var/postgres/postmaster.pid").exists()
    assert not (tmp_path / "var/run.json").exists()


def read_database_pid(folder: Path) -> int:
    return int((folder / "var/postgres/postmaster.pid").read_text().split()[0])
