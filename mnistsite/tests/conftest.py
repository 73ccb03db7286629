"""The whole site, started once for each file of tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnistsite.tests.stack import Site, Staff, started, stop

GIVE = """
from django.contrib.auth.models import User
from classifier.models import ApiToken
from classifier.services import tokens
from classifier.vocabulary import Scope
admin = User.objects.get(username="admin")
print(tokens.give(ApiToken(name="tests", user=admin, scopes=[*Scope])))
"""


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
    return site.manage("shell", "--verbosity", "0", "--command", GIVE).strip()


@pytest.fixture(scope="module")
def staff(site: Site, token: str) -> Staff:
    """Calls the API as the first account."""
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def call(path: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        return site.call(path, headers, data, method)

    return call
