"""Measure a web process's memory while eight clients send it uploads of 9.9 MB.

Draws docs/upload-memory.png.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from matplotlib import pyplot

from benchmarks import ROOT, load
from benchmarks.digits import draw_digit, load_digits
from mnistsite.tests.production.requests import send_request
from mnistsite.tests.site import Site, get_command_line, start_site, stop_site

UPLOADS = 400
CLIENTS = 8
SIZE = 9_900_000
LIMIT_MB = 200
GROUP = 10

Method = tuple[str, dict[str, str], Callable[[bytes], bytes]]


def damage(picture: bytes) -> bytes:
    return picture[:100] + b"\1" * (len(picture) - 100)


TOKEN = "a" * 32
CSRF = {"Cookie": f"csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
METHODS: dict[str, Method] = {
    "the page's form": ("/predict", load.HEADERS | CSRF, load.encode_multipart),
    "the API, as a field": ("/api/predict", load.HEADERS, load.encode_multipart),
    "the API, as the body": ("/api/predict", {"Content-Type": "image/png"}, bytes),
    "the API, damaged": ("/api/predict", {"Content-Type": "image/png"}, damage),
}


def main() -> None:
    os.environ["WEB_WORKERS"] = "1"
    memory: dict[str, list[float]] = {}
    for name, method in METHODS.items():
        with tempfile.TemporaryDirectory() as folder:
            site = start_site(Path(folder))
            try:
                memory[name] = follow_memory(site, method)
            finally:
                stop_site(site)
        print(f"{name:<24} at most {max(memory[name]):.0f} MB, {memory[name][-1]:.0f} MB left")
    draw_plot(memory)


def follow_memory(site: Site, method: Method) -> list[float]:
    """Return the unshared memory in MB after each response."""
    path, headers, pack = method
    port, body = int(site.environment["PORT"]), pack(draw_padded_digit())
    process = find_web_process(site)

    def upload(_: int) -> float:
        response = send_request(port, path, body, headers)
        assert response.status in (200, 302, 400), response.body
        return float(process.memory_full_info().uss / 1e6)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [*pool.map(upload, range(UPLOADS))]


def draw_padded_digit() -> bytes:
    return draw_digit(load_digits().pixels[3600], 28).ljust(SIZE, b"\0")


def find_web_process(site: Site) -> psutil.Process:
    arbiter = next(
        child
        for child in psutil.Process(site.process.pid).children()
        if "gunicorn" in get_command_line(child)
    )
    return arbiter.children()[0]


def draw_plot(memory: dict[str, list[float]]) -> None:
    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    for name, sizes in memory.items():
        peaks = [max(sizes[start : start + GROUP]) for start in range(0, len(sizes), GROUP)]
        axes.step(range(GROUP, len(sizes) + 1, GROUP), peaks, label=name)
    axes.axhline(LIMIT_MB, color="grey", linestyle="--")
    axes.set(
        xlabel="uploads of 9.9 MB", ylabel=f"most memory in {GROUP} uploads, MB", ylim=(0, 250)
    )
    axes.legend(loc="lower right")
    figure.savefig(ROOT / "docs" / "upload-memory.png", dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
