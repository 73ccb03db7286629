"""Replicas come, go and die, and who asks hardly notices."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial

from mnistsite.tests.production.asking import load
from mnistsite.tests.production.conftest import FIRST, SECOND, THIRD, Production
from mnistsite.tests.stack import eventually

WITHIN_S = 30
ENOUGH = 1000


def served_by(production: Production, address: str, since: int = 0) -> int:
    """How many requests that replica has answered, by nginx's log from line `since` on."""
    upstream = f"{address}:{production.parts.web_port}"
    lines = (json.loads(line) for line in production.nginx.lines()[since:])
    return sum(line["upstream"].endswith(upstream) for line in lines)


def serves(production: Production, address: str, since: int = 0) -> bool:
    return served_by(production, address, since) > 20


def more_than(count: int, answers: Counter[str]) -> Callable[[], bool]:
    until = answers["answered"] + count
    return lambda: answers["answered"] > until


def failed(answers: Counter[str]) -> dict[str, int]:
    return {told: count for told, count in answers.items() if told != "answered"}


def test_two_replicas_share_the_work_and_a_third_joins_without_a_reload(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    with load(production.port, drawn(7)) as answers:
        assert eventually(more_than(100, answers), WITHIN_S)
        assert serves(production, FIRST)
        assert serves(production, SECOND)
        production.start(THIRD)
        production.resolve(FIRST, SECOND, THIRD)
        assert eventually(lambda: serves(production, THIRD), WITHIN_S)
        production.resolve(FIRST, SECOND)
        assert production.replicas.pop(THIRD).stop() == 0
        assert eventually(more_than(100, answers), WITHIN_S)
    assert failed(answers) == {}


def test_a_replica_that_is_killed_under_load_costs_less_than_one_answer_in_a_thousand(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    with load(production.port, drawn(7)) as answers:
        assert eventually(more_than(100, answers), WITHIN_S)
        production.replicas[FIRST].stop(signal.SIGKILL)
        assert eventually(more_than(ENOUGH, answers), 2 * WITHIN_S)
    assert sum(failed(answers).values()) <= answers.total() / 1000, failed(answers)
    production.start(FIRST)


def test_a_rolling_restart_under_load_loses_nothing(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    with load(production.port, drawn(7)) as answers:
        for address in (FIRST, SECOND):
            assert eventually(more_than(100, answers), WITHIN_S)
            since = len(production.nginx.lines())
            assert production.replicas[address].stop(signal.SIGTERM) == 0
            production.start(address)
            assert eventually(partial(serves, production, address, since), WITHIN_S)
    assert failed(answers) == {}
    assert answers["answered"] > 200


def test_workers_are_replaced_under_load_without_losing_anything(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    """As gunicorn's recycling does it, and a reload of one replica's settings."""
    with load(production.port, drawn(7)) as answers:
        assert eventually(more_than(100, answers), WITHIN_S)
        production.replicas[FIRST].process.send_signal(signal.SIGHUP)
        assert eventually(more_than(300, answers), WITHIN_S)
    assert failed(answers) == {}
