"""The stack survives an outage of the database without restarts."""

import signal
import time
from collections.abc import Iterator

import psutil
import psycopg
import pytest

from classifier.tests.pictures import Draw
from mnistsite.tests.production.conftest import FIRST, SECOND, Production
from mnistsite.tests.production.requests import post_picture, send_request
from mnistsite.tests.site import wait_until

STOPPED_S = 30
DETECTED_WITHIN_S = 2
BACK_WITHIN_S = 15


@pytest.fixture
def processes(production: Production) -> Iterator[set[int]]:
    """Check that all processes survive the test."""

    def list_pids() -> set[int]:
        replicas = [psutil.Process(replica.process.pid) for replica in production.replicas.values()]
        workers = [child for replica in replicas for child in replica.children()]
        others = [production.nginx.process, production.worker.process]
        return {process.pid for process in (*replicas, *workers)} | {
            process.pid for process in others if process.poll() is None
        }

    before = list_pids()
    yield before
    assert before <= list_pids()


def get_readiness(production: Production) -> int:
    return send_request(production.stack.web_port, "/readyz", address=FIRST).status


def measure_detection(production: Production) -> float:
    """Return the seconds until the replica is not ready."""
    started_at = time.monotonic()
    assert wait_until(lambda: get_readiness(production) == 503, 5 * DETECTED_WITHIN_S)
    return time.monotonic() - started_at


def test_stopped_database_is_reported_until_it_is_back(
    production: Production, processes: set[int], draw_digit: Draw
) -> None:
    picture = draw_digit(7)
    assert post_picture(production.port, picture).status == 200
    production.stack.database.stop()
    stopped_at = time.monotonic()
    assert measure_detection(production) < DETECTED_WITHIN_S
    while time.monotonic() - stopped_at < STOPPED_S:
        response = post_picture(production.port, picture)
        assert (response.status, response.json["code"]) == (503, "no_database")
        assert get_readiness(production) == 503
        assert send_request(production.port, "/healthz").status == 200
        assert send_request(production.stack.web_port, "/metrics", address=SECOND).status == 200
    production.stack.database.ensure_postgres_running()
    assert wait_until(lambda: get_readiness(production) == 200, BACK_WITHIN_S)
    assert wait_until(lambda: production.is_ready(SECOND), BACK_WITHIN_S)
    # Each process of each replica reconnects for itself.
    assert wait_until(lambda: is_serving(production, picture), BACK_WITHIN_S)
    before = count_finished_jobs(production)
    assert wait_until(lambda: count_finished_jobs(production) > before, 4 * BACK_WITHIN_S)


def is_serving(production: Production, picture: bytes) -> bool:
    return {post_picture(production.port, picture).status for _ in range(20)} == {200}


def count_finished_jobs(production: Production) -> int:
    """Return the number of finished jobs; a periodic one runs every twenty seconds."""
    with psycopg.connect(production.stack.environment["DATABASE_URL"]) as connection:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def test_hanging_database_is_reported_until_it_is_back(
    production: Production, processes: set[int], draw_digit: Draw
) -> None:
    postmaster = psutil.Process(production.stack.database.get_pid())
    tree = [postmaster, *postmaster.children(recursive=True)]
    for process in tree:
        process.send_signal(signal.SIGSTOP)
    try:
        assert measure_detection(production) < DETECTED_WITHIN_S
        started_at = time.monotonic()
        assert get_readiness(production) == 503
        assert time.monotonic() - started_at < DETECTED_WITHIN_S
    finally:
        for process in tree:
            process.send_signal(signal.SIGCONT)
    assert wait_until(lambda: get_readiness(production) == 200, BACK_WITHIN_S)
    assert wait_until(lambda: is_serving(production, draw_digit(7)), BACK_WITHIN_S)
