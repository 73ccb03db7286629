"""The whole site, started once for each file of tests."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnistsite.tests.stack import Site, Staff, copy_data, prepare_data, started, stop

GIVE = """
from django.contrib.auth.models import User
from classifier.models import ApiToken
from classifier.services import tokens
from classifier.recognition.labels import Scope
admin = User.objects.get(username="admin")
print(tokens.give(ApiToken(name="tests", user=admin, scopes=[*Scope])))
"""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a site after its first start, made once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "prepared"
    with (base / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            aside = base / "prepared.part"
            prepare_data(aside)
            aside.rename(folder)
    return folder / "var"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    folder = tmp_path_factory.mktemp("site")
    copy_data(prepared, folder / "var")
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    site = started(folder)
    yield site
    stop(site, signal.SIGTERM)


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.manage("shell", "--verbosity", "0", "--command", GIVE).strip()


@pytest.fixture(scope="module")
def staff(site: Site, token: str) -> Staff:
    """Calls the API as the first account."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def call(path: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return site.call(path, headers, data, method)

    return call
