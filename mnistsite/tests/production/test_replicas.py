"""Replicas start, stop and are killed under load with hardly any failed request."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial

from classifier.tests.pictures import Draw
from mnistsite.tests.production.conftest import FIRST, SECOND, THIRD, Production
from mnistsite.tests.production.requests import send_load
from mnistsite.tests.site import wait_until

WITHIN_S = 30
REQUESTS = 1000


def count_served(production: Production, address: str, since: int = 0) -> int:
    """Count a replica's requests in nginx's log from line `since` on."""
    upstream = f"{address}:{production.stack.web_port}"
    lines = (json.loads(line) for line in production.nginx.read_lines()[since:])
    return sum(line["upstream"].endswith(upstream) for line in lines)


def is_serving(production: Production, address: str, since: int = 0) -> bool:
    return count_served(production, address, since) > 20


def expect_more(count: int, counts: Counter[str]) -> Callable[[], bool]:
    """Return a condition that holds after `count` more successful requests."""
    target = counts["ok"] + count
    return lambda: counts["ok"] > target


def find_failures(counts: Counter[str]) -> dict[str, int]:
    return {result: count for result, count in counts.items() if result != "ok"}


def test_replicas_share_the_load_and_a_third_joins_without_a_reload(
    production: Production, draw_digit: Draw
) -> None:
    with send_load(production.port, draw_digit(7)) as counts:
        assert wait_until(expect_more(100, counts), WITHIN_S)
        assert is_serving(production, FIRST)
        assert is_serving(production, SECOND)
        production.start_replica(THIRD)
        production.resolve(FIRST, SECOND, THIRD)
        assert wait_until(lambda: is_serving(production, THIRD), WITHIN_S)
        production.resolve(FIRST, SECOND)
        assert production.replicas.pop(THIRD).stop() == 0
        assert wait_until(expect_more(100, counts), WITHIN_S)
    assert find_failures(counts) == {}


def test_killed_replica_fails_less_than_one_request_in_a_thousand(
    production: Production, draw_digit: Draw
) -> None:
    with send_load(production.port, draw_digit(7)) as counts:
        assert wait_until(expect_more(100, counts), WITHIN_S)
        production.replicas[FIRST].stop(signal.SIGKILL)
        assert wait_until(expect_more(REQUESTS, counts), 2 * WITHIN_S)
    assert sum(find_failures(counts).values()) <= counts.total() / 1000, find_failures(counts)
    production.start_replica(FIRST)


def test_rolling_restart_fails_no_request(production: Production, draw_digit: Draw) -> None:
    with send_load(production.port, draw_digit(7)) as counts:
        for address in (FIRST, SECOND):
            assert wait_until(expect_more(100, counts), WITHIN_S)
            since = len(production.nginx.read_lines())
            assert production.replicas[address].stop(signal.SIGTERM) == 0
            production.start_replica(address)
            assert wait_until(partial(is_serving, production, address, since), WITHIN_S)
    assert find_failures(counts) == {}
    assert counts["ok"] > 200


def test_reload_of_a_replica_fails_no_request(production: Production, draw_digit: Draw) -> None:
    with send_load(production.port, draw_digit(7)) as counts:
        assert wait_until(expect_more(100, counts), WITHIN_S)
        production.replicas[FIRST].process.send_signal(signal.SIGHUP)
        assert wait_until(expect_more(300, counts), WITHIN_S)
    assert find_failures(counts) == {}
