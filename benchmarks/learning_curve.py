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
from training.evaluation import evaluate, labelled_files
from training.evaluation.labelled_files import ReferencePicture

QUEUE, RANDOM = "queue", "random"
HEAD = (
    "| source | order | labels | read right | kept as digit | of these right "
    "| non-digits refused | MNIST's test split |\n|---|---|---|---|---|---|---|---|\n"
)
BASELINE = settings.BUNDLED_MODELS_DIR / "baseline"
# As in the labelling queue: the size of the pool, and how many images it selects at once.
POOL, PAGE = 256, 20


@dataclass(frozen=True)
class Source:
    """Images to label, numbers of labels to measure at, and other people's images to measure on."""

    name: str
    counts: tuple[int, ...]
    pool: Images
    others: Images


@dataclass(frozen=True)
class Result:
    """The results after some labels, as shares from 0 to 1.

    `others` has the metrics on pictures of other people, `mnist` the accuracy on the test split.
    """

    source: str
    order: str
    seed: int
    labels: int
    others: dict[str, Any]
    mnist: float


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="pictures in 0…9 and none, with index.csv (file,label,source)"
    )
    parser.add_argument("--out", type=Path, required=True, help="Markdown file of the table")
    parser.add_argument("--seeds", type=int, default=2, help="random orders to average")
    options = parser.parse_args()
    results = [*measure_curve(load_sklearn_digits(), options.seeds)]
    if options.folder:
        results += measure_curve(load_folder(options.folder), options.seeds)
    options.out.write_text(format_table(results))


def load_sklearn_digits() -> Source:
    """Return scikit-learn's digits, split in half by their order, which groups them by writer."""
    data = load_digits()
    pixels = np.clip(data.images * 16, 0, 255).astype(np.uint8)
    pictures = map(imaging.Picture.from_array, pixels)
    images, _ = cut_digits(map(ReferencePicture, pictures, map(str, data.target)))
    half = len(images) // 2
    return Source("digits of 8×8 pixels", (25, 50, 100, 200), images[:half], images[half:])


def load_folder(folder: Path) -> Source:
    """Return the pictures of a folder; half of the sources are labelled, half measured on."""
    images, sources = cut_digits(labelled_files.read_folder(folder))
    names = np.random.default_rng(0).permutation(np.unique(sources))
    is_pool = np.isin(sources, names[: len(names) // 2])
    return Source("photos, scans, drawings", (150,), images[is_pool], images[~is_pool])


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


def measure_curve(source: Source, seeds: int) -> Iterator[Result]:
    baseline = Recognizer(BASELINE)
    digits = mnist.read_npz(Path(settings.MNIST_NPZ)) if settings.MNIST_NPZ else mnist.download()
    mnist_train, test = Images(digits.x_train, digits.y_train), Images(digits.x_test, digits.y_test)
    yield measure_model(source, QUEUE, 0, 0, baseline, test)
    orders = [(QUEUE, 1, order_by_queue(source.pool, baseline))] + [
        (RANDOM, seed, np.random.default_rng(seed).permutation(len(source.pool)))
        for seed in range(1, seeds + 1)
    ]
    for name, seed, order in orders:
        for count in source.counts:
            with tempfile.TemporaryDirectory() as folder:
                uploads = source.pool[order[:count]]
                model = fine_tune(mnist_train, uploads, seed, Path(folder))
                yield measure_model(source, name, seed, len(uploads), model, test)


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


def measure_model(
    source: Source, order: str, seed: int, labels: int, model: Recognizer, test: Images
) -> Result:
    others = asdict(evaluate.measure(evaluate.evaluate_images(model, source.others)))
    accuracy = float(evaluate.evaluate_images(model, test).right.mean())
    found = Result(source.name, order, seed, labels, others, accuracy)
    print(found, flush=True)
    return found


def format_table(results: list[Result]) -> str:
    """Return a Markdown table, with the mean of random orders."""
    groups: dict[tuple[str, str, int], list[Result]] = {}
    for each in results:
        groups.setdefault((each.source, each.order, each.labels), []).append(each)
    table = HEAD
    for (source, order, labels), group in groups.items():
        others = [
            _format_percent([each.others[name] for each in group])
            for name in ("accuracy", "coverage", "accuracy_at_digit", "non_digits_refused")
        ]
        mnist_test = _format_percent([each.mnist for each in group])
        cells = [source, order if labels else "–", str(labels), *others, mnist_test]
        table += f"| {' | '.join(cells)} |\n"
    return table


def _format_percent(shares: list[float | None]) -> str:
    values = [share for share in shares if share is not None]
    return f"{100 * np.mean(values):.2f} %" if values else "–"


if __name__ == "__main__":
    main()
