"""Compare whole-string accuracy and time with Tesseract and RapidOCR, on one core.

    python -m benchmarks.peers [--rapidocr PYTHON] FOLDER…

FOLDER has the layout of `evaluate --folder`: pictures in 0…9 and several, with index.csv. Peers
that are not installed are skipped. To install them:

    apt-get install tesseract-ocr
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install rapidocr onnxruntime

and pass `--rapidocr /tmp/peers/bin/python`. Tesseract is limited to digits, and other characters
are removed from RapidOCR's text. RapidOCR recognises each picture as one line of text, because its
detection misses many digits. The time is CPU time per picture with one thread, and includes
the start of Tesseract's process.
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
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from classifier.recognition.recognizer import Recognizer
from training.evaluation import labelled_files
from training.evaluation.labelled_files import list_strings
from training.evaluation.transcription import Transcriptions, measure

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
        result = read(line.rstrip(), use_det=False, use_cls=False)
        text = " ".join(result.txts or ())
    except Exception:
        text = ""
    print(json.dumps([text, time.process_time() - started]), flush=True)
"""


@dataclass(frozen=True)
class Reading:
    """The digits of one picture, whether they are accepted, and the CPU time in seconds."""

    text: str
    accepted: bool
    seconds: float


@dataclass(frozen=True)
class Sample:
    path: Path
    reference: str


Reader = Callable[[Sample], Reading]


def main() -> None:
    arguments = parse_arguments()
    # One core, so that times don't depend on the number of threads.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{'reader':<11}{'set':<18}{'n':>5} {HEADINGS}")
    for name, reader in list_readers(arguments.rapidocr):
        for folder in arguments.folders:
            for kind, samples in list_sets(folder):
                print(
                    f"{name:<11}{kind:<18}{len(samples):>5} {format_row(samples, reader)}",
                    flush=True,
                )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--rapidocr", metavar="PYTHON", help="interpreter with RapidOCR")
    return parser.parse_args()


def list_sets(folder: Path) -> Iterator[tuple[str, list[Sample]]]:
    """Yield the single digits and the strings of a folder, if there are any."""
    singles = [
        Sample(path, path.parent.name)
        for digit in "0123456789"
        for path in sorted((folder / digit).glob("[!.]*"))
    ]
    several = [Sample(path, digits) for path, digits in list_strings(folder)]
    for kind, samples in ((f"{folder.name} singles", singles), (f"{folder.name} strings", several)):
        if samples:
            yield kind, samples


def list_readers(rapidocr: str | None) -> Iterator[tuple[str, Reader]]:
    yield "mnistsite", build_own_reader()
    if shutil.which("tesseract"):
        yield "tesseract", read_with_tesseract
    else:
        print("tesseract is not installed: apt-get install tesseract-ocr", file=sys.stderr)
    if rapidocr:
        yield "rapidocr", build_rapidocr_reader(rapidocr)
    else:
        print("rapidocr is skipped; pass --rapidocr PYTHON", file=sys.stderr)


def build_own_reader() -> Reader:
    recognizer = Recognizer(ROOT / "models" / "baseline")

    def read(sample: Sample) -> Reading:
        started = time.process_time()
        answer = labelled_files.read_file(sample.path, recognizer)
        seconds = time.process_time() - started
        return Reading(answer.best_guess, answer.verdict == "digit", seconds)

    return read


def read_with_tesseract(sample: Sample) -> Reading:
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
    return extract_digits(run.stdout, seconds)


def build_rapidocr_reader(python: str) -> Reader:
    """Start one process for all pictures, because loading the networks takes seconds."""
    process = subprocess.Popen(
        [python, "-c", RAPIDOCR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    requests, responses = process.stdin, process.stdout
    assert json.loads(responses.readline()) == "ready"

    def read(sample: Sample) -> Reading:
        print(sample.path, file=requests, flush=True)
        return extract_digits(*json.loads(responses.readline()))

    return read


def extract_digits(text: str, seconds: float) -> Reading:
    """Return the digits of a peer's text; peers accept every reading."""
    digits = re.sub(r"[^0-9]", "", text)
    return Reading(digits, bool(digits), seconds)


HEADINGS = f"{'right':<21} {'char. errors':<21} {'called digit':<13} {'of these right':<22} ms p50"


def format_row(samples: list[Sample], reader: Reader) -> str:
    reader(samples[0])
    readings = [reader(sample) for sample in samples]
    accepted = np.array([reading.accepted for reading in readings])
    results = measure(
        Transcriptions(
            [reading.text for reading in readings],
            [sample.reference for sample in samples],
            accepted,
            confidence=accepted.astype(float),
        )
    )
    metrics = asdict(results)

    def format_figure(key: str) -> str:
        if metrics[key] is None:
            return "–"
        low, high = (100 * bound for bound in metrics[f"{key}_interval"])
        return f"{100 * metrics[key]:.1f} % ({low:.1f}–{high:.1f})"

    median = 1000 * float(np.median([reading.seconds for reading in readings]))
    coverage = f"{100 * metrics['coverage']:.1f} %"
    return (
        f"{format_figure('whole_string_right'):<21} {format_figure('character_error_rate'):<21} "
        f"{coverage:<13} {format_figure('accuracy_at_digit'):<22} {median:.1f}"
    )


if __name__ == "__main__":
    main()
