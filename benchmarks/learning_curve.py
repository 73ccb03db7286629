"""Measure how accuracy on other people's digits and MNIST grows with the number of labels."""

import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from django.conf import settings
from sklearn.datasets import load_digits

from classifier.recognition import active_learning, imaging, model_folder
from classifier.recognition.recognizer import NOT_A_DIGIT, Graph, Recognizer
from training import calibrate, export, trainer
from training.data import mnist, split
from training.data.images import Images
from training.data.split import TrainingSplit
from training.evaluation import evaluate
from training.evaluation.labelled_files import ReferencePicture

QUEUE, RANDOM = "queue", "random"
HEAD = (
    "| order | labels | read right | kept as digit | of these right | MNIST's test split |\n"
    "|---|---|---|---|---|---|\n"
)
METRICS = ("accuracy", "coverage", "accuracy_at_digit")
BASELINE = settings.BUNDLED_MODELS_DIR / "baseline"
# As in the labelling queue: the size of the pool, and how many images it selects at once.
POOL, PAGE = 256, 20
COUNTS = (25, 50, 100, 200)  # of labels


@dataclass(frozen=True)
class Result:
    """The results after some labels, as shares from 0 to 1.

    `others` has the metrics on pictures of other people, `mnist` the accuracy on the test split.
    """

    order: str
    labels: int
    others: dict[str, Any]
    mnist: float


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="Markdown file of the table")
    parser.add_argument("--seeds", type=int, default=2, help="random orders to average")
    options = parser.parse_args()
    options.out.write_text(format_table([*measure_curve(load_sklearn_digits(), options.seeds)]))


def load_sklearn_digits() -> Images:
    """Return scikit-learn's digits of 8×8 pixels, whose order groups them by writer."""
    data = load_digits()
    pixels = np.clip(data.images * 16, 0, 255).astype(np.uint8)
    pictures = map(imaging.Picture.from_array, pixels)
    return cut_digits(map(ReferencePicture, pictures, map(str, data.target)))[0]


def cut_digits(labelled: Iterable[ReferencePicture]) -> tuple[Images, np.ndarray]:
    """Return the digits that imaging cuts out, and their sources.

    Pictures of a digit that imaging cuts into several pieces are left out.
    """
    pixels, labels, sources = [], [], []
    for one in labelled:
        found = imaging.find_digits(one.picture) if one.picture else []
        if one.digits and len(found) != 1:
            continue
        pixels += [piece.pixels for piece in found]
        labels += [int(one.digits) if one.digits else NOT_A_DIGIT] * len(found)
        sources += [one.source] * len(found)
    return Images(np.stack(pixels), np.array(labels, np.uint8)), np.array(sources)


def measure_curve(images: Images, seeds: int) -> Iterator[Result]:
    """Label digits of the first half, and measure on the second, which other people wrote."""
    pool, others = images[: len(images) // 2], images[len(images) // 2 :]
    baseline = Recognizer(BASELINE)
    digits = mnist.read_npz(Path(settings.MNIST_NPZ)) if settings.MNIST_NPZ else mnist.download()
    mnist_train, test = Images(digits.x_train, digits.y_train), Images(digits.x_test, digits.y_test)

    def measure(model: Recognizer, order: str, labels: int) -> Result:
        metrics = asdict(evaluate.measure(evaluate.evaluate_images(model, others)))
        accuracy = float(evaluate.evaluate_images(model, test).right.mean())
        result = Result(order, labels, metrics, accuracy)
        print(result, flush=True)
        return result

    yield measure(baseline, QUEUE, 0)
    orders = [(QUEUE, 1, order_by_queue(pool, baseline))] + [
        (RANDOM, seed, np.random.default_rng(seed).permutation(len(pool)))
        for seed in range(1, seeds + 1)
    ]
    for name, seed, order in orders:
        for count in COUNTS:
            with tempfile.TemporaryDirectory() as folder:
                model = fine_tune(mnist_train, pool[order[:count]], seed, Path(folder))
                yield measure(model, name, count)


def order_by_queue(images: Images, recognizer: Recognizer) -> np.ndarray:
    """Return indices in the order of the labelling queue, without near-duplicates."""
    recognitions = recognizer.recognize(images.pixels)
    scores = np.array([item.acquisition_score for item in recognitions])
    stored = [active_learning.encode_embedding(item.features) for item in recognitions]
    embedded = active_learning.decode_embeddings(stored, len(stored[0]))
    waiting = np.argsort(-scores, kind="stable")
    ordered = waiting[:0]
    while len(waiting):
        pool = waiting[:POOL]
        chosen = active_learning.select_batch(scores[pool], embedded[pool], embedded[ordered], PAGE)
        ordered = np.concatenate([ordered, pool[chosen.order]])
        waiting = np.setdiff1d(waiting, pool[chosen.order + chosen.duplicates], assume_unique=True)
    return ordered


def fine_tune(mnist_train: Images, uploads: Images, seed: int, folder: Path) -> Recognizer:
    members = export.read_members(BASELINE)
    configuration = trainer.Configuration(trainer.FINE_TUNING_EPOCHS, len(members), seed)
    prepared = split.prepare_fine_tuning(mnist_train, uploads, seed)
    members = trainer.fine_tune(members, prepared.train, configuration, lambda _: None, False)
    return export_model(members, prepared, folder)


def export_model(members: list[keras.Model], prepared: TrainingSplit, folder: Path) -> Recognizer:
    export.write_members(folder, members)
    fitted = calibrate.fit_calibration(Graph((folder / model_folder.GRAPH).read_bytes()), prepared)
    fitted.detector.save(folder / model_folder.REJECTOR)
    manifest = model_folder.Manifest(
        name=folder.name,
        created_at="",
        configuration={},
        dataset={},
        metrics={},
        thresholds=fitted.thresholds,
        temperature=fitted.temperature,
        libraries=export.list_library_versions(),
    )
    model_folder.write_manifest(folder, manifest)
    return Recognizer(folder)


def format_table(results: list[Result]) -> str:
    """Return a Markdown table, with the mean of random orders."""
    groups: dict[tuple[str, int], list[Result]] = {}
    for each in results:
        groups.setdefault((each.order, each.labels), []).append(each)
    table = HEAD
    for (order, labels), group in groups.items():
        shares = [
            *(np.mean([each.others[name] for each in group]) for name in METRICS),
            np.mean([each.mnist for each in group]),
        ]
        cells = [
            order if labels else "–",
            str(labels),
            *(f"{100 * share:.2f} %" for share in shares),
        ]
        table += f"| {' | '.join(cells)} |\n"
    return table


if __name__ == "__main__":
    main()
