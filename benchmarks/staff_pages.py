"""How long staff wait for each page, on a database of many uploads that it fills and drops."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

REQUESTS = 40
WARM_UP = 3
GOAL_MS = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="uploads; else %(default)s")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        # What needs Django's settings can't be imported before.
        from benchmarks import many_uploads, staff_requests

        started = time.perf_counter()
        many_uploads.fill(rows)
        print(f"{rows:,} uploads, filled in {time.perf_counter() - started:.0f} s.")
        print(f"{REQUESTS} requests of each by Django's test client, in one process.\n")
        print("| page | best ms | p50 ms | p95 ms |\n|---|---|---|---|")
        for name, prepare in staff_requests.pages().items():
            print(row(name, times_ms(name, prepare)), flush=True)


def set_up(folder: str) -> None:
    """A database of its own in the folder; as `make run` has it, but for web workers."""
    os.environ |= {
        "VAR_DIR": folder,
        "SECRET_KEY": "of a benchmark",
        "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
        "OPENBLAS_NUM_THREADS": "1",
    }
    os.environ.pop("DATABASE_URL", None)
    # Imported last: the module reads the environment.
    from django.core.management import call_command

    import mnistsite.wsgi  # noqa: F401

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def times_ms(name: str, prepare: Callable[[], Callable[[], Any]]) -> list[float]:
    times = []
    for _ in range(WARM_UP + REQUESTS):
        send = prepare()
        started = time.perf_counter()
        response = send()
        times.append(1000 * (time.perf_counter() - started))
        assert response.status_code in (200, 204, 302), f"{name}: {response.status_code}"
    return sorted(times[WARM_UP:])


def row(name: str, times: list[float]) -> str:
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    slow = " ← slow" if p95 > GOAL_MS else ""
    return f"| {name} | {times[0]:.0f} | {p50:.0f} | {p95:.0f}{slow} |"


if __name__ == "__main__":
    main()
