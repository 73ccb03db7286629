"""Fixtures: the production stack with two web replicas, started once per test module."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mnistsite.tests.production.requests import is_ready
from mnistsite.tests.production.stack import MISSING, Service, Stack, is_listening
from mnistsite.tests.site import copy_data, wait_until

READY_WITHIN_S = 60
FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@dataclass
class Production:
    """The stack, nginx's port, and the web replicas by address."""

    stack: Stack
    port: int
    replicas: dict[str, Service]
    worker: Service
    dns: Service
    nginx: Service

    def resolve(self, *addresses: str) -> None:
        self.stack.resolve(*addresses)
        self.dns.process.send_signal(signal.SIGHUP)

    def is_ready(self, address: str) -> bool:
        return is_ready(self.stack.web_port, address)

    def start_replica(self, address: str) -> None:
        """Start a replica and wait until it is ready; it gets requests once DNS has it."""
        self.replicas[address] = self.stack.start_web(address)
        assert wait_until(lambda: self.is_ready(address), READY_WITHIN_S), "\n".join(
            self.replicas[address].read_lines()
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if MISSING and os.environ.get("CI") is None:
        skip = pytest.mark.skip(reason=f"not installed: {', '.join(MISSING)}")
        for item in items:
            item.add_marker(skip)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Production]:
    with start_production(tmp_path_factory.mktemp("production"), prepared) as production:
        yield production


@contextmanager
def start_production(folder: Path, prepared: Path) -> Iterator[Production]:
    """Run the stack, with two web replicas, on a copy of the prepared data."""
    copy_data(prepared / "postgres", folder / "postgres")
    copy_data(prepared / "media", folder / "media")
    copy_data(prepared / "static", folder / "var/static")
    stack = Stack(folder)
    try:
        stack.prepare_database()
        dns, worker = stack.start_dns(), stack.start_worker()
        nginx, port = stack.start_nginx()
        production = Production(stack, port, {}, worker, dns, nginx)
        for address in (FIRST, SECOND):
            production.start_replica(address)
        production.resolve(FIRST, SECOND)
        assert wait_until(lambda: is_listening(port), READY_WITHIN_S)
        assert wait_until(lambda: is_ready(port), READY_WITHIN_S)
        yield production
    finally:
        stack.stop()
