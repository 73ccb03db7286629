"""The whole of `make run` as real processes: gunicorn, worker and embedded PostgreSQL."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest

from mnistsite.tests.stack import (
    Site,
    command_line,
    lives,
    started,
    stop,
)


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
