"""Measure predictions per second, CPU time and memory of the production stack.

Needs nginx, dnsmasq and wrk. `--peer` compares it with fastapi_peer.py behind the same nginx, in
turns. `--memory N` posts N pictures and draws docs/memory.png instead.
"""

import argparse
import re
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from matplotlib import pyplot

from benchmarks import ROOT
from benchmarks.digits import draw_digit, load_digits
from benchmarks.serving import compute_median, measure_cpu, measure_in_turn
from mnistsite.tests.production.requests import is_ready, send_request
from mnistsite.tests.production.stack import UNLIMITED, Service, Stack, is_listening
from mnistsite.tests.site import find_free_port, wait_until

CONNECTIONS = 50
WARM_UP_S = 5
SECONDS = 20
SAMPLE_EVERY_S = 5.0
WEB = "127.0.0.2"
# Posts a thousand digits in turn, and prints percentiles that wrk does not.
SCRIPT = """
local pictures = {}
for n = 0, %d do
  local file = io.open("%s/" .. n .. ".png", "rb")
  pictures[n] = file:read("*all")
  file:close()
end
local turn = math.random(0, %d)
request = function()
  turn = (turn + 1) %% (%d + 1)
  return wrk.format("POST", "/api/predict", {["Content-Type"] = "image/png"}, pictures[turn])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("%%.0f %%.0f %%.0f %%.0f %%d %%d\\n",
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.timeout, summary.requests))
end
"""


@dataclass(frozen=True)
class Target:
    """A service behind nginx, nginx's port, and the first process of each kind."""

    port: int
    processes: dict[str, psutil.Process]


@dataclass(frozen=True)
class WrkResult:
    """Requests per second, percentiles of their latency, failed ones, and all."""

    per_second: int
    p50_ms: int
    p95_ms: int
    p99_ms: int
    failed: int
    count: int


@dataclass(frozen=True)
class Round:
    """A load, and the CPU time that each request took in each kind of process."""

    load: WrkResult
    cpu_ms: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, help="virtual environment of fastapi_peer.py")
    parser.add_argument("--memory", type=int, metavar="N", help="pictures to post")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scripts = {side: write_script(Path(folder) / f"{side}", side) for side in (28, 300)}
        with start_stack(Path(folder)) as (stack, port, web):
            if options.memory:
                follow_memory(stack, port, web, scripts[28], options.memory)
                return
            targets = {"mnistsite": find_processes(stack, port, web)}
            if options.peer:
                targets["FastAPI and Granian"] = start_peer(stack, options.peer)
            for side, lua in scripts.items():
                steps = (partial(warm_up, lua=lua), partial(measure_round, lua=lua))
                for name, rounds in measure_in_turn(targets, *steps).items():
                    print_rounds(f"{name}, {side}×{side} PNG", rounds)


def find_processes(stack: Stack, port: int, web: Service) -> Target:
    nginx = next(each for each in stack.started if each.log.name == f"nginx-{port}.log")
    pids = {
        "web": web.process.pid,
        "PostgreSQL": stack.database.get_postmaster_info().pid,
        "nginx": nginx.process.pid,
    }
    return Target(port, {kind: psutil.Process(pid) for kind, pid in pids.items()})


def start_peer(stack: Stack, environment: Path) -> Target:
    """Start the peer with two processes behind an nginx of its own, with the same database."""
    own_port = find_free_port()
    command = (str(environment / "bin" / "granian"), "--interface", "asgi", "--workers", "2")
    peer = stack.start(
        "peer",
        *command,
        "benchmarks.fastapi_peer:app",
        GRANIAN_PORT=str(own_port),
        MEDIA_ROOT=str(stack.folder / "peer"),
    )
    assert wait_until(lambda: is_listening(own_port), 60), peer.log.read_text()
    _, port = stack.start_nginx(UNLIMITED, f"127.0.0.1:{own_port}")
    assert wait_until(lambda: is_listening(port), 60)
    return find_processes(stack, port, peer)


def warm_up(target: Target, lua: Path) -> None:
    run_wrk(target.port, lua, WARM_UP_S)


def measure_round(target: Target, lua: Path) -> Round:
    before = {kind: measure_cpu(process) for kind, process in target.processes.items()}
    load = run_wrk(target.port, lua, SECONDS)
    cpu_ms = {
        kind: 1000 * (measure_cpu(process) - before[kind]) / load.count
        for kind, process in target.processes.items()
    }
    return Round(load, cpu_ms)


@contextmanager
def start_stack(folder: Path, per_second: str = UNLIMITED) -> Iterator[tuple[Stack, int, Service]]:
    """Start one replica of four processes behind nginx; yield nginx's port too."""
    stack = Stack(folder)
    # Restarts of processes would hide leaks.
    stack.environment |= {
        "GUNICORN_CMD_ARGS": "--max-requests 0",
        "PREDICT_PER_SECOND": per_second,
    }
    try:
        stack.prepare()
        stack.start_dns(WEB)
        stack.start_worker()
        _, port = stack.start_nginx(per_second)
        web = stack.start_web(WEB)
        assert wait_until(lambda: is_ready(port), 60), web.log.read_text()
        yield stack, port, web
    finally:
        stack.stop()


def write_script(folder: Path, side: int) -> Path:
    folder.mkdir()
    pictures = [draw_digit(each, side) for each in load_digits().pixels[::5]]
    for number, picture in enumerate(pictures):
        (folder / f"{number}.png").write_bytes(picture)
    last = len(pictures) - 1
    path = folder / "post.lua"
    path.write_text(SCRIPT % (last, folder, last, last))
    return path


def run_wrk(port: int, lua: Path, seconds: int) -> WrkResult:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--timeout", "10", "-s", str(lua)]
    completed = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True
    )
    return WrkResult(*map(int, completed.stdout.splitlines()[-1].split()))


def print_rounds(name: str, rounds: list[Round]) -> None:
    """Print the median of each figure."""
    cpu = ", ".join(
        f"{kind} {statistics.median(each.cpu_ms[kind] for each in rounds):.2f} ms"
        for kind in rounds[0].cpu_ms
    )
    print(
        f"{name:<34} {compute_median(rounds, 'load.per_second'):.0f} a second, "
        f"p50 {compute_median(rounds, 'load.p50_ms'):.0f} ms, "
        f"p95 {compute_median(rounds, 'load.p95_ms'):.0f} ms, "
        f"p99 {compute_median(rounds, 'load.p99_ms'):.0f} ms, "
        f"{sum(each.load.failed for each in rounds)} of "
        f"{sum(each.load.count for each in rounds)} failed, CPU of a request: {cpu}"
    )


def follow_memory(stack: Stack, port: int, web: Service, lua: Path, total: int) -> None:
    samples: list[tuple[int, list[float]]] = []
    stopped = threading.Event()
    sampling = threading.Thread(target=collect_samples, args=[stack, web, samples, stopped])
    sampling.start()
    answered = failed = 0
    while answered < total:
        load = run_wrk(port, lua, SECONDS)
        answered, failed = answered + load.count, failed + load.failed
    stopped.set()
    sampling.join()
    print(f"{answered} predictions, {failed} failed")
    for count, sizes in samples[:: max(1, len(samples) // 12)]:
        print(f"{count:>8} {', '.join(f'{size:.1f} MB' for size in sizes)}")
    draw_plot(samples)


def collect_samples(
    stack: Stack, web: Service, samples: list[tuple[int, list[float]]], stopped: threading.Event
) -> None:
    while not stopped.wait(SAMPLE_EVERY_S):
        workers = psutil.Process(web.process.pid).children()
        sizes = [worker.memory_full_info().uss / 1e6 for worker in workers]
        samples.append((count_predictions(stack), sizes))


def count_predictions(stack: Stack) -> int:
    metrics = send_request(stack.web_port, "/metrics", address=WEB).body.decode()
    counts = re.findall(r"^mnistsite_predictions_total{.*} (.*)$", metrics, re.MULTILINE)
    return int(sum(map(float, counts)))


def draw_plot(samples: list[tuple[int, list[float]]]) -> None:
    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    for number, sizes in enumerate(zip(*(sizes for _, sizes in samples), strict=True), 1):
        axes.plot([count for count, _ in samples], sizes, label=f"web worker {number}")
    axes.set(xlabel="predictions", ylabel="unshared memory, MB", ylim=(0, None))
    axes.legend(loc="lower right")
    figure.savefig(ROOT / "docs" / "memory.png", dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
