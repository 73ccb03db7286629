"""Compare whole-string accuracy and time with Tesseract and RapidOCR, on one core.

    python -m benchmarks.peers [--rapidocr PYTHON] FOLDER…

FOLDER is one that `evaluate --folder` takes: pictures in 0…9 and in several, with index.csv. A peer
that is not installed is left out. To install them:

    apt-get install tesseract-ocr
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install rapidocr onnxruntime

and give `--rapidocr /tmp/peers/bin/python`. Peers know nothing of digits alone: Tesseract is
limited to digits, and of RapidOCR's text all else is dropped. The time is the processor's for one
picture, at one thread, with the start of Tesseract's process.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")

RAPIDOCR = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
from rapidocr import RapidOCR
threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 1}
read = RapidOCR(params=threads)
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    started = time.process_time()
    try:
        found = read(line.rstrip())
        text = " ".join(found.txts or ())
    except Exception:
        text = ""
    print(json.dumps([text, time.process_time() - started]), flush=True)
"""


@dataclass(frozen=True)
class Reading:
    """Digits read in one picture, whether they are accepted, and the processor time it took."""

    text: str
    accepted: bool
    seconds: float


@dataclass(frozen=True)
class Sample:
    path: Path
    reference: str


Reader = Callable[[Sample], Reading]


def main() -> None:
    arguments = parse()
    # Threads of every library would make times depend on the number of cores.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    django.setup()
    print(f"{'reader':<11}{'set':<18}{'n':>5} {HEADINGS}")
    for name, reader in readers(arguments.rapidocr):
        for folder in arguments.folders:
            for kind, samples in sets(folder):
                print(f"{name:<11}{kind:<18}{len(samples):>5} {row(samples, reader)}", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--rapidocr", metavar="PYTHON", help="an interpreter that has it")
    return parser.parse_args()


def sets(folder: Path) -> Iterator[tuple[str, list[Sample]]]:
    """Single digits and strings of a folder, each if there are any."""
    from training.evaluation.labelled_files import several_files

    singles = [
        Sample(path, path.parent.name)
        for digit in "0123456789"
        for path in sorted((folder / digit).glob("[!.]*"))
    ]
    several = [Sample(path, digits) for path, digits in several_files(folder)]
    for kind, samples in ((f"{folder.name} singles", singles), (f"{folder.name} strings", several)):
        if samples:
            yield kind, samples


def readers(rapidocr: str | None) -> Iterator[tuple[str, Reader]]:
    yield "mnistsite", mnistsite()
    if shutil.which("tesseract"):
        yield "tesseract", tesseract
    else:
        print("tesseract is not installed: apt-get install tesseract-ocr", file=sys.stderr)
    if rapidocr:
        yield "rapidocr", rapid_reader(rapidocr)
    else:
        print("rapidocr is left out: --rapidocr PYTHON names its interpreter", file=sys.stderr)


def mnistsite() -> Reader:
    from classifier.recognition.recognizer import Recognizer
    from training.evaluation import labelled_files

    recognizer = Recognizer(ROOT / "models" / "baseline")

    def read(sample: Sample) -> Reading:
        started = time.process_time()
        answer = labelled_files.read_file(sample.path, recognizer)
        seconds = time.process_time() - started
        return Reading(answer.best_guess, answer.verdict == "digit", seconds)

    return read


def tesseract(sample: Sample) -> Reading:
    """Read one word, or one character where the reference has one."""
    mode = "10" if len(sample.reference) == 1 else "8"
    command = ["tesseract", str(sample.path), "stdout", "--psm", mode]
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [*command, "-c", "tessedit_char_whitelist=0123456789"],
        capture_output=True,
        text=True,
        check=False,
    )
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime - started.ru_utime + ended.ru_stime - started.ru_stime
    return accepted_digits(run.stdout, seconds)


def rapid_reader(python: str) -> Reader:
    """Serve one process, because loading its networks takes seconds."""
    process = subprocess.Popen(
        [python, "-c", RAPIDOCR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    questions, answers = process.stdin, process.stdout
    assert json.loads(answers.readline()) == "ready"

    def read(sample: Sample) -> Reading:
        print(sample.path, file=questions, flush=True)
        return accepted_digits(*json.loads(answers.readline()))

    return read


def accepted_digits(text: str, seconds: float) -> Reading:
    """A peer accepts whatever it reads."""
    digits = re.sub(r"[^0-9]", "", text)
    return Reading(digits, bool(digits), seconds)


HEADINGS = f"{'right':<21} {'char. errors':<21} {'called digit':<13} {'of these right':<22} ms p50"


def row(samples: list[Sample], reader: Reader) -> str:
    from training.evaluation.transcription import Transcriptions, figures

    reader(samples[0])
    readings = [reader(sample) for sample in samples]
    found = figures(
        Transcriptions(
            [reading.text for reading in readings],
            [sample.reference for sample in samples],
            np.array([reading.accepted for reading in readings]),
        )
    )

    def format_figure(key: str) -> str:
        if found[key] is None:
            return "–"
        low, high = (100 * bound for bound in found[f"{key}_interval"])
        return f"{100 * found[key]:.1f} % ({low:.1f}–{high:.1f})"

    median = 1000 * float(np.median([reading.seconds for reading in readings]))
    coverage = f"{100 * found['coverage']:.1f} %"
    return (
        f"{format_figure('whole_string_right'):<21} {format_figure('character_error_rate'):<21} "
        f"{coverage:<13} {format_figure('accuracy_at_digit'):<22} {median:.1f}"
    )


if __name__ == "__main__":
    main()
