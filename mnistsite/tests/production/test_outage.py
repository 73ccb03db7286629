"""The database goes away and comes back: who asks is told, and nothing has to be restarted."""

import signal
import time
from collections.abc import Callable, Iterator

import psutil
import psycopg
import pytest

from mnistsite.tests.production.asking import ask, predict
from mnistsite.tests.production.conftest import FIRST, SECOND, Production
from mnistsite.tests.stack import eventually

AWAY_S = 30
NOTICED_WITHIN_S = 2
BACK_WITHIN_S = 15


@pytest.fixture
def processes(production: Production) -> Iterator[set[int]]:
    """Those before are all there after."""

    def alive() -> set[int]:
        replicas = [psutil.Process(part.process.pid) for part in production.replicas.values()]
        workers = [child for replica in replicas for child in replica.children()]
        others = [production.nginx.process, production.worker.process]
        return {each.pid for each in (*replicas, *workers)} | {
            each.pid for each in others if each.poll() is None
        }

    before = alive()
    yield before
    assert before <= alive()


def readiness(production: Production) -> int:
    return ask(production.parts.web_port, "/readyz", address=FIRST).status


def noticed(production: Production) -> float:
    """Seconds until the replica says that it is not ready."""
    begun = time.monotonic()
    assert eventually(lambda: readiness(production) == 503, 5 * NOTICED_WITHIN_S)
    return time.monotonic() - begun


def test_a_database_that_is_stopped_for_half_a_minute(
    production: Production, processes: set[int], drawn: Callable[..., bytes]
) -> None:
    picture = drawn(7)
    assert predict(production.port, picture).status == 200
    production.parts.database.stop()
    stopped = time.monotonic()
    assert noticed(production) < NOTICED_WITHIN_S
    while time.monotonic() - stopped < AWAY_S:
        answer = predict(production.port, picture)
        assert (answer.status, answer.json["code"]) == (503, "no_database")
        assert readiness(production) == 503
        assert ask(production.port, "/healthz").status == 200
        assert ask(production.parts.web_port, "/metrics", address=SECOND).status == 200
    production.parts.database.ensure_postgres_running()
    assert eventually(lambda: readiness(production) == 200, BACK_WITHIN_S)
    assert eventually(lambda: production.is_ready(SECOND), BACK_WITHIN_S)
    # Each process of each replica finds out for itself.
    assert eventually(lambda: all_read(production, picture), BACK_WITHIN_S)
    before = jobs_done(production)
    assert eventually(lambda: jobs_done(production) > before, 4 * BACK_WITHIN_S)


def all_read(production: Production, picture: bytes) -> bool:
    return {predict(production.port, picture).status for _ in range(20)} == {200}


def jobs_done(production: Production) -> int:
    """The worker has one every twenty seconds that comes by itself."""
    with psycopg.connect(production.parts.environment["DATABASE_URL"]) as connection:
        done = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        (count,) = connection.execute(done).fetchone() or (0,)
    return int(count)


def test_a_database_that_hangs(
    production: Production, processes: set[int], drawn: Callable[..., bytes]
) -> None:
    postmaster = psutil.Process(production.parts.database.get_pid())
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        assert noticed(production) < NOTICED_WITHIN_S
        begun = time.monotonic()
        assert readiness(production) == 503
        assert time.monotonic() - begun < NOTICED_WITHIN_S
    finally:
        for process in family:
            process.send_signal(signal.SIGCONT)
    assert eventually(lambda: readiness(production) == 200, BACK_WITHIN_S)
    assert eventually(lambda: all_read(production, drawn(7)), BACK_WITHIN_S)
