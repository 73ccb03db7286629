"""Measure model time, throughput, CPU time and memory, and compare with a typical course project.

Rates depend on what else the machine does; the CPU time of a request hardly does.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil

from benchmarks import ROOT, load
from benchmarks.digits import draw_digit, load_digits
from classifier.recognition import imaging
from classifier.recognition.recognizer import Recognizer
from mnistsite.tests.production.stack import is_listening
from mnistsite.tests.site import find_free_port

Server = tuple[str, psutil.Process, int, str]
"""A name, the first web process, the port and the path of predictions."""

AnyTarget = TypeVar("AnyTarget")
AnyRound = TypeVar("AnyRound")

SECONDS = 5.0
ROUNDS = 3
WARM_UP_S = 3.0
REPEATS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, help="virtual environment of fastapi_peer.py")
    options = parser.parse_args()
    pixels = load_digits().pixels[3600]
    pictures = {side: draw_digit(pixels, side) for side in (300, 28)}
    print_model_times(pixels, pictures[300])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = [*start_servers(stack, folder, options.peer)]
        database = find_database(folder)
        servers = {name: Target(web, database, port, path) for name, web, port, path in started}
        for side, picture in pictures.items():
            steps = (partial(warm_up, picture=picture), partial(measure_round, picture=picture))
            for name, rounds in measure_in_turn(servers, *steps).items():
                print_load(f"{name}, {side}×{side} PNG", rounds)
        for name, target in servers.items():
            print_memory(name, target.web)


@dataclass(frozen=True)
class Target:
    """A server under load: the first of its web processes and of its database's, and its URL."""

    web: psutil.Process
    database: psutil.Process
    port: int
    path: str


@dataclass(frozen=True)
class Round:
    """A load, and the CPU time that each request took in web and database processes."""

    load: load.LoadResult
    web_ms: float
    database_ms: float


def measure_in_turn(
    targets: dict[str, AnyTarget],
    prepare: Callable[[AnyTarget], object],
    measure: Callable[[AnyTarget], AnyRound],
) -> dict[str, list[AnyRound]]:
    """Load the targets one after the other several times, so that all share a machine's noise."""
    for target in targets.values():
        prepare(target)
    rounds: dict[str, list[AnyRound]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            rounds[name].append(measure(target))
    return rounds


def warm_up(target: Target, picture: bytes) -> None:
    load.run_load(target.port, target.path, picture, WARM_UP_S)


def measure_round(target: Target, picture: bytes) -> Round:
    web_s, database_s = measure_cpu(target.web), measure_cpu(target.database)
    result = load.run_load(target.port, target.path, picture, SECONDS)
    web_s, database_s = measure_cpu(target.web) - web_s, measure_cpu(target.database) - database_s
    return Round(result, 1000 * web_s / result.count, 1000 * database_s / result.count)


def measure_cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its descendants, also of those that ended."""
    tree = [process, *process.children(recursive=True)]
    return sum(float(sum(each.cpu_times()[:4])) for each in tree)


def find_web(process: subprocess.Popen[bytes]) -> psutil.Process:
    """Return gunicorn's first process, or the process itself if it started no gunicorn."""
    first = psutil.Process(process.pid)
    tree = [first, *first.children(recursive=True)]
    return next((each for each in tree if "gunicorn" in " ".join(each.cmdline())), first)


def find_database(folder: Path) -> psutil.Process:
    """Return PostgreSQL's first process."""
    pid = (folder / "var" / "postgres" / "postmaster.pid").read_text().partition("\n")[0]
    return psutil.Process(int(pid))


def print_model_times(pixels: np.ndarray, picture: bytes) -> None:
    recognizer = Recognizer(ROOT / "models" / "baseline")
    print_time("ensemble, one image, one thread", lambda: recognizer.graph.run([pixels]))
    print_time("with uncertainty and verdict", lambda: recognizer.recognize([pixels]))
    print_time("decode and imaging, 300×300 PNG", lambda: find_digits(picture))
    print_time("everything", lambda: recognizer.recognize(d.pixels for d in find_digits(picture)))


def find_digits(picture: bytes) -> list[imaging.Digit]:
    return imaging.find_digits(imaging.decode(picture))


def print_time(name: str, work: Callable[[], object]) -> None:
    times = []
    for _ in range(REPEATS):
        started_at = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started_at))
    times.sort()
    print(f"{name:<36} p50 {times[len(times) // 2]:.2f} ms, p95 {times[-len(times) // 20]:.2f} ms")


def print_memory(name: str, web: psutil.Process) -> None:
    sizes = ", ".join(f"{each.memory_full_info().uss / 1e6:.0f} MB" for each in web.children())
    print(f"{name + ': own memory after it':<36} {sizes}")


def print_load(name: str, rounds: list[Round]) -> None:
    print(
        f"{name:<36} {compute_median(rounds, 'load.per_second'):.0f} a second, "
        f"p50 {1000 * compute_median(rounds, 'load.p50_s'):.0f} ms, "
        f"p95 {1000 * compute_median(rounds, 'load.p95_s'):.0f} ms, "
        f"{sum(each.load.failed for each in rounds)} failed, CPU of a request: "
        f"web {compute_median(rounds, 'web_ms'):.2f} ms, "
        f"PostgreSQL {compute_median(rounds, 'database_ms'):.2f} ms"
    )


def compute_median(rounds: Sequence[object], name: str) -> float:
    """Return the median of an attribute, which may be one of an attribute, as in `load.p95_s`."""
    median: float = statistics.median(map(attrgetter(name), rounds))
    return median


def start_servers(stack: ExitStack, folder: Path, peer: Path | None) -> Iterator[Server]:
    """Start the site of `make run`, and the others with its database; yield each with its path."""
    site = {"VAR_DIR": str(folder / "var"), "PREDICT_PER_SECOND": "1000000"}
    url = f"postgresql://postgres@/postgres?host={folder / 'var' / 'postgres'}"
    python = [sys.executable, "-m"]
    start = partial(start_server, stack)
    yield "mnistsite", *start([*python, "mnistsite.entrypoints.run"], site), "/api/predict"
    options = ["--config", "python:benchmarks.original_server"]
    command = [*python, "gunicorn", *options, "benchmarks.original:app"]
    original = {"DATABASE_URL": url, "TF_CPP_MIN_LOG_LEVEL": "3"}
    yield "Flask and Keras", *start(command, original), "/predict"
    if peer:
        options = ["--interface", "asgi", "--workers", "2"]
        command = [str(peer / "bin" / "granian"), *options, "benchmarks.fastapi_peer:app"]
        environment = {"DATABASE_URL": url, "MEDIA_ROOT": str(folder / "peer")}
        yield "FastAPI and Granian", *start(command, environment), "/predict"


def start_server(
    stack: ExitStack, command: list[str], environment: dict[str, str]
) -> tuple[psutil.Process, int]:
    """Start a server that the stack stops; return its first web process and its port."""
    port = find_free_port()
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        command,
        env=inherited | environment | {"PORT": str(port), "GRANIAN_PORT": str(port)},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait, 60)
    stack.callback(process.send_signal, signal.SIGINT)
    while not is_listening(port):
        if process.poll() is not None:
            raise SystemExit(f"{' '.join(command)} ended before it was ready.")
        time.sleep(0.2)
    time.sleep(15)  # TensorFlow loads after the port is open
    return find_web(process), port


if __name__ == "__main__":
    main()
