"""Fixtures: the whole site, started once."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnistsite.tests.site import CallApi, Site, copy_data, prepare_data, start_site, stop_site


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a site after its first start, created once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "prepared"
    with (base / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = base / "prepared.part"
            prepare_data(part)
            part.rename(folder)
    return folder / "var"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """The data of a module's own site."""
    folder = tmp_path_factory.mktemp("site")
    copy_data(prepared, folder / "var")
    return folder


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("shared-site")
    copy_data(prepared, folder / "var")
    site = start_site(folder)
    yield site
    stop_site(site, signal.SIGTERM)


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """The token of the first account, which `prepared` has issued."""
    return Path(site.environment["VAR_DIR"], "token").read_text()


@pytest.fixture(scope="module")
def call_api(site: Site, token: str) -> CallApi:
    """A function that calls the API as the first account."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def call(path: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return site.call(path, headers, data, method)

    return call
