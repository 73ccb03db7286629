"""Measure how long predictions take while 24 connections try to log in.

Needs nginx and dnsmasq.
"""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from benchmarks.digits import draw_digit, load_digits
from benchmarks.production import start_stack
from mnistsite.tests.production.requests import post_picture, send_request

CONNECTIONS = 24
SECONDS = 20
CSRF = "x" * 32


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, start_stack(Path(folder)) as (_, port, _web):
        measure_predictions(port, 3)
        print_times("alone", measure_predictions(port, SECONDS))
        with flood_logins(port) as answers:
            print_times(f"with {CONNECTIONS} logins", measure_predictions(port, SECONDS))
        print(f"answers to the logins: {dict(answers)}")


def measure_predictions(port: int, seconds: float) -> list[float]:
    """Post one picture after the other, and return how long each took in seconds."""
    picture = draw_digit(load_digits().pixels[0], 28)
    times, stop_at = [], time.monotonic() + seconds
    while (started_at := time.monotonic()) < stop_at:
        assert post_picture(port, picture).status == 200
        times.append(time.monotonic() - started_at)
    return times


def print_times(name: str, times: list[float]) -> None:
    p50, p95, longest = np.percentile(times, [50, 95, 100]) * 1000
    print(f"{name}: {len(times)} predictions, p50 {p50:.0f}, p95 {p95:.0f}, max {longest:.0f} ms")


@contextmanager
def flood_logins(port: int) -> Iterator[Counter[int]]:
    """Try to log in with changing names during the block; yield counts of the statuses."""
    answers: Counter[int] = Counter()
    stopped = threading.Event()

    def guess(connection: int) -> None:
        turn = 0
        while not stopped.is_set():
            turn += 1
            name = f"user-{connection}-{turn}"
            form = {"username": name, "password": "wrong", "csrfmiddlewaretoken": CSRF}
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"csrftoken={CSRF}",
            }
            body = urlencode(form).encode()
            answers[send_request(port, "/admin/login/", body, headers).status] += 1

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        pool.map(guess, range(CONNECTIONS))
        try:
            yield answers
        finally:
            stopped.set()


if __name__ == "__main__":
    main()
