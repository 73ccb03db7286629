"""Fixtures: the production stack under load, and a table of what each fault cost."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from classifier.tests.pictures import Draw
from mnistsite.tests.faults.load import Load
from mnistsite.tests.faults.site import COLUMNS, LoadedSite
from mnistsite.tests.production.conftest import (
    Production,
    pytest_collection_modifyitems,
    start_production,
)
from mnistsite.tests.table import Table, print_table

__all__ = ["pytest_collection_modifyitems"]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    print_table(terminalreporter, config)


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    prepared: Path,
    draw_digit: Draw,
    request: pytest.FixtureRequest,
) -> Iterator[LoadedSite]:
    scale = float(os.environ.get("FAULTS_SCALE", "1"))
    table = Table.get(request.config, COLUMNS)
    with start_production(tmp_path_factory.mktemp("faults"), prepared) as production:
        skip_recovery_of_the_disk(production)
        load = Load(production.port, draw_digit(7), draw_digit(5))
        yield LoadedSite(production, load, table, scale, Random(0))  # noqa: S311


def skip_recovery_of_the_disk(production: Production) -> None:
    """Switch off what helps only if the machine loses power, and takes seconds in each recovery."""
    with psycopg.connect(production.stack.environment["DATABASE_URL"], autocommit=True) as server:
        server.execute("ALTER SYSTEM SET fsync = off")
        server.execute("SELECT pg_reload_conf()")
