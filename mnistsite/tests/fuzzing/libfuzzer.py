"""Coverage-guided fuzzing: inputs that reach new code are changed further."""

import gc
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random
from types import FunctionType
from zipfile import ZipFile

from django.conf import settings

CORPUS = Path(__file__).with_name("pictures.zip")
WORK = settings.BASE_DIR / "var/fuzz"
MAX_BYTES = 8192
MAX_S = 60  # of one input, on a busy machine
MAX_MB = 2048
SHARED_BITS = 53  # of a float


class GuidedRandom(Random):
    """A source of choices that are made by an input's bytes, and at random after its end."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data, self._place = data, 0

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        if self._place + size > len(self._data):
            return super().getrandbits(k)
        part = self._data[self._place : self._place + size]
        self._place += size
        return int.from_bytes(part) >> (8 * size - k)

    def random(self) -> float:
        return float(self.getrandbits(SHARED_BITS)) / (1 << SHARED_BITS)


@dataclass(frozen=True)
class Limits:
    """The number of inputs and the seconds after which a target is done."""

    inputs: int
    seconds: int


@dataclass(frozen=True)
class Outcome:
    """The inputs that were tried, the branches that they reached, and the inputs that did so."""

    inputs: int
    per_second: int
    features: int
    corpus: int
    slowest_s: int
    peak_mb: int

    @property
    def figures(self) -> tuple[int, ...]:
        return astuple(self)


def read_corpus() -> list[bytes]:
    """Return the pictures of earlier runs that reach code which whole pictures do not reach."""
    with ZipFile(CORPUS) as archive:
        return [archive.read(name) for name in archive.namelist()]


def fuzz(
    name: str,
    act: Callable[[bytes], None],
    instrumented: tuple[str, ...],
    limits: Limits,
    seeds: Iterable[bytes] = (),
) -> Outcome:
    """Call `act` with inputs until the limits are reached, in a process of its own.

    `instrumented` are the beginnings of the modules whose coverage counts. What was found stays in
    var/fuzz for the next time. Raise AssertionError for an input at which `act` raises an
    exception, takes too long or takes too much memory.
    """
    found = WORK / name
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (found / f"seed-{number}").write_bytes(seed)
    log = WORK / f"{name}.log"
    child = os.fork()
    if not child:
        _redirect_output(log)
        _start(act, instrumented, _build_arguments(name, found, limits))
    _, status = os.waitpid(child, 0)
    assert status == 0, f"{log}:\n{log.read_text(errors='replace')[-5000:]}"
    return _read_outcome(log.read_text(errors="replace"))


def _build_arguments(name: str, found: Path, limits: Limits) -> list[str]:
    return [
        f"-runs={limits.inputs}",
        f"-max_total_time={limits.seconds}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={MAX_S}",
        f"-rss_limit_mb={MAX_MB}",
        "-len_control=0",
        f"-artifact_prefix={found.parent}/{name}-",
        "-print_final_stats=1",
        "-verbosity=1",
        str(found),
    ]


def _redirect_output(log: Path) -> None:
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)


def _start(act: Callable[[bytes], None], instrumented: tuple[str, ...], options: list[str]) -> None:
    """Start libFuzzer, which ends the process."""
    import atheris

    logging.disable()
    gc.unfreeze()  # frozen objects are not listed
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and str(each.__module__).startswith(instrumented):
            atheris.instrument_func(each)
    atheris.Setup(["fuzz", *options], act)
    atheris.Fuzz()


def _read_outcome(log: str) -> Outcome:
    """Parse the statistics that libFuzzer prints at its end."""
    statistics = {name: int(value) for name, value in re.findall(r"stat::(\w+): +(\d+)", log)}
    *_, (features, corpus) = re.findall(r" ft: (\d+) corp: (\d+)", log)
    return Outcome(
        statistics["number_of_executed_units"],
        statistics["average_exec_per_sec"],
        int(features),
        int(corpus),
        statistics["slowest_unit_time_sec"],
        statistics["peak_rss_mb"],
    )
