"""The production stack, started once for each file of tests: two web replicas behind nginx."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mnistsite.tests.production.asking import ask
from mnistsite.tests.production.parts import MISSING, Part, Parts, listens
from mnistsite.tests.stack import copy_data, eventually

READY_WITHIN_S = 60
FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@dataclass
class Production:
    """The stack, the port that clients reach, and its web replicas by their addresses."""

    parts: Parts
    port: int
    replicas: dict[str, Part]
    worker: Part
    names: Part
    nginx: Part

    def resolve(self, *addresses: str) -> None:
        self.parts.resolve(*addresses)
        self.names.process.send_signal(signal.SIGHUP)

    def is_ready(self, address: str) -> bool:
        try:
            return ask(self.parts.web_port, "/readyz", address=address).status == 200
        except OSError:
            return False

    def start(self, address: str) -> None:
        """A replica, until it is ready; it gets requests once its name resolves."""
        self.replicas[address] = self.parts.web(address)
        assert eventually(lambda: self.is_ready(address), READY_WITHIN_S), "\n".join(
            self.replicas[address].lines()
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if MISSING and os.environ.get("CI") is None:
        skip = pytest.mark.skip(reason=f"not installed: {', '.join(MISSING)}")
        for item in items:
            item.add_marker(skip)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("production")
    copy_data(prepared / "postgres", folder / "postgres")
    copy_data(prepared / "media", folder / "media")
    copy_data(prepared / "static", folder / "var/static")
    parts = Parts(folder)
    try:
        parts.prepare_database()
        names, worker = parts.names(), parts.worker()
        nginx, port = parts.nginx()
        stack = Production(parts, port, {}, worker, names, nginx)
        for address in (FIRST, SECOND):
            stack.start(address)
        stack.resolve(FIRST, SECOND)
        assert eventually(lambda: listens(port), READY_WITHIN_S)
        assert eventually(lambda: ask(port, "/readyz").status == 200, READY_WITHIN_S)
        yield stack
    finally:
        parts.stop()
