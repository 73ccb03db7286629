"""Compare labels in the queue's order with random ones, in several draws of three sources.

Only the networks' last layers are trained, which takes a second where all layers take minutes.
Draws learning-queue.png.
"""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray
from scipy import stats

from benchmarks import learning_curve
from benchmarks.learning_curve import BASELINE
from classifier.recognition import model_folder
from classifier.recognition.imaging import Picture
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from classifier.recognition.uncertainty import Floats, softmax
from training import trainer
from training.data import mnist, split
from training.data.images import Images
from training.evaluation import labelled_files
from training.evaluation.labelled_files import ReferencePicture

COUNTS = (25, 50, 100, 200)
DRAWN = 0.7  # share of the images to label that a draw has
STEPS = 400  # about as many as fine-tuning takes


@dataclass(frozen=True)
class Source:
    """Digits of one source and their writers; without writers, the second half is measured on."""

    name: str
    images: Images
    writers: NDArray[np.str_] | None = None
    counts: tuple[int, ...] = COUNTS

    def split(self, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Draw indices of images to label, and of other people's to measure on."""
        half = len(self.images) // 2
        is_pool = np.arange(len(self.images)) < half
        if self.writers is not None:
            names = rng.permutation(np.unique(self.writers))
            is_pool = np.isin(self.writers, names[: len(names) // 2])
        pool = rng.permutation(np.flatnonzero(is_pool))
        return pool[: round(DRAWN * len(pool))], np.flatnonzero(~is_pool)


@dataclass(frozen=True)
class Heads:
    """The last layers of all members: weights (members, F, 10) and biases (members, 10)."""

    weights: Floats
    biases: Floats

    def predict(self, features: Floats) -> Floats:
        """Return the members' probabilities (N, members, 10) from features (N, members, F)."""
        return softmax(np.einsum("nmf,mfc->nmc", features, self.weights) + self.biases)

    def measure(self, features: Floats, labels: NDArray[np.uint8]) -> float:
        """Return the share of the digits that is read right."""
        return float((self.predict(features).mean(axis=1).argmax(axis=1) == labels).mean())


@dataclass(frozen=True)
class Comparison:
    """Shares read right after labels in the queue's and in random order, of a draw."""

    source: str
    labels: int
    before: float
    queue: float
    random: float
    mnist_queue: float


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--usps", type=Path, required=True, help="USPS's digits, in HDF5")
    parser.add_argument("--folder", type=Path, required=True, help="pictures, with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of the table and the plot")
    parser.add_argument("--seeds", type=int, default=5, help="draws of each source")
    options = parser.parse_args()
    trainee = Trainee(Recognizer(BASELINE), mnist.read_npz(Path(os.environ["MNIST_NPZ"])))
    sources = (
        Source("8×8 digits", learning_curve.load_sklearn_digits()),
        load_usps(options.usps),
        load_folder(options.folder),
    )
    found = [each for source in sources for each in trainee.compare(source, options.seeds)]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "learning-queue.md").write_text(format_table(found))
    draw_plot(found, options.out / "learning-queue.png")


def load_usps(path: Path) -> Source:
    """Return as many digits of the training split as of the test split, and these."""
    parts: list[tuple[NDArray[np.uint8], NDArray[np.int32]]] = []
    with h5py.File(path) as file:
        count = len(file["test"]["target"])
        chosen = np.sort(np.random.default_rng(0).permutation(len(file["train"]["target"]))[:count])
        for name, rows in (("train", chosen), ("test", np.arange(count))):
            pixels = 255 * file[name]["data"][:][rows].reshape(-1, 16, 16)
            parts.append((pixels.astype(np.uint8), file[name]["target"][:][rows]))
    images = [
        learning_curve.cut_digits(
            ReferencePicture(Picture.from_array(each), str(label))
            for each, label in zip(pixels, labels, strict=True)
        )
        for pixels, labels in parts
    ]
    size = min(len(each) for each, _ in images)
    return Source("postcodes (USPS)", images[0][0][:size] + images[1][0][:size])


def load_folder(folder: Path) -> Source:
    images, writers = learning_curve.cut_digits(labelled_files.read_folder(folder))
    is_digit = images.labels != NOT_A_DIGIT
    # A draw has at least 80 images to label.
    return Source("photos, scans, drawings", images[is_digit], writers[is_digit], (25, 50))


class Trainee:
    """The bundled model, whose last layers learn."""

    def __init__(self, recognizer: Recognizer, source: mnist.Mnist) -> None:
        self._recognizer = recognizer
        with np.load(BASELINE / model_folder.WEIGHTS) as stored:
            names = sorted(stored.files)
            members = sorted({name.split(".")[0] for name in names})
            last = [[name for name in names if name.startswith(f"{m}.")][-2:] for m in members]
            weights, biases = (
                np.stack([stored[pair[index]].astype(float)[..., :NOT_A_DIGIT] for pair in last])
                for index in (0, 1)
            )
        self._heads = Heads(weights, biases)
        learned, _ = split.split_digits(Images(source.x_train, source.y_train))
        self._replayed = learned[
            np.random.default_rng(0).permutation(len(learned))[: split.REPLAYED]
        ]
        self._replayed_features = self._extract(self._replayed)
        self._test = Images(source.x_test, source.y_test)
        self._test_features = self._extract(self._test)

    def _extract(self, images: Images) -> Floats:
        return self._recognizer.graph.run(images.pixels).features

    def compare(self, source: Source, seeds: int) -> Iterator[Comparison]:
        features, labels = self._extract(source.images), source.images.labels
        for seed in range(seeds):
            pool, others = source.split(np.random.default_rng(seed))
            order = learning_curve.order_by_queue(source.images[pool], self._recognizer)
            before = self._heads.measure(features[others], labels[others])
            for count in source.counts:
                queue, random = (
                    self._fine_tune(features[chosen], labels[chosen], seed)
                    for chosen in (pool[order[:count]], pool[:count])
                )
                found = Comparison(
                    source.name,
                    count,
                    before,
                    queue.measure(features[others], labels[others]),
                    random.measure(features[others], labels[others]),
                    queue.measure(self._test_features, self._test.labels),
                )
                print(found, flush=True)
                yield found

    def _fine_tune(self, features: Floats, labels: NDArray[np.uint8], seed: int) -> Heads:
        """Train on labelled images and replayed digits, in the shares of the product's fine-tuning.

        The result is the mean of old and new weights, as there.
        """
        rng = np.random.default_rng(seed)
        weights, biases = self._heads.weights.copy(), self._heads.biases.copy()
        moments = [np.zeros((2, *each.shape)) for each in (weights, biases)]
        target = split.UPLOAD_SHARE / (1 - split.UPLOAD_SHARE) * len(self._replayed)
        repeated = min(target, split.MAX_REPEATS * len(labels))
        corrected = round(trainer.BATCH * repeated / (repeated + len(self._replayed)))
        for step in range(1, STEPS + 1):
            own = rng.integers(len(labels), size=corrected)
            old = rng.integers(len(self._replayed), size=trainer.BATCH - corrected)
            batch = np.concatenate([features[own], self._replayed_features[old]])
            truth = np.concatenate([labels[own], self._replayed.labels[old]])
            error = Heads(weights, biases).predict(batch) - np.eye(10)[truth][:, np.newaxis]
            error /= len(batch)
            gradients = np.einsum("nmf,nmc->mfc", batch, error), error.sum(axis=0)
            rate = trainer.FINE_TUNING_LEARNING_RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
            for values, gradient, moment in zip((weights, biases), gradients, moments, strict=True):
                values -= rate * _adapt(gradient, moment, step)
        kept = 1 - trainer.FINE_TUNED_WEIGHT
        return Heads(
            kept * self._heads.weights + trainer.FINE_TUNED_WEIGHT * weights,
            kept * self._heads.biases + trainer.FINE_TUNED_WEIGHT * biases,
        )


def _adapt(gradient: Floats, moment: Floats, step: int) -> Floats:
    """Return the direction of Adam's step (Kingma & Ba 2015), and update its moments."""
    moment[0] += 0.1 * (gradient - moment[0])
    moment[1] += 0.001 * (gradient**2 - moment[1])
    mean, square = moment[0] / (1 - 0.9**step), moment[1] / (1 - 0.999**step)
    return np.asarray(mean / (np.sqrt(square) + 1e-7))


def estimate(values: list[float]) -> tuple[float, float]:
    """Return the mean in per cent, and half the width of its 95 % interval (Student's t)."""
    spread = np.std(values, ddof=1) / np.sqrt(len(values))
    return 100 * float(np.mean(values)), 100 * float(stats.t.ppf(0.975, len(values) - 1) * spread)


def group(found: list[Comparison]) -> dict[tuple[str, int], list[Comparison]]:
    keys = dict.fromkeys((each.source, each.labels) for each in found)
    return {key: [each for each in found if (each.source, each.labels) == key] for key in keys}


def format_table(found: list[Comparison]) -> str:
    rows = [
        "| source | labels | before | queue | random | queue − random | MNIST's test split |",
        "|---|---|---|---|---|---|---|",
    ]
    for (source, labels), draws in group(found).items():
        before, queue, random, test = (
            f"{estimate([getattr(draw, name) for draw in draws])[0]:.2f} %"
            for name in ("before", "queue", "random", "mnist_queue")
        )
        mean, half = estimate([draw.queue - draw.random for draw in draws])
        gain = f"{mean:+.2f} ± {half:.2f}"
        rows.append(f"| {source} | {labels} | {before} | {queue} | {random} | {gain} | {test} |")
    return "\n".join(rows) + "\n"


def draw_plot(found: list[Comparison], path: Path) -> None:
    """Draw the difference between the orders, with its interval, for each source."""
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    grouped = group(found)
    for index, source in enumerate(dict.fromkeys(each.source for each in found)):
        counts = [labels for name, labels in grouped if name == source]
        pairs = [estimate([d.queue - d.random for d in grouped[source, n]]) for n in counts]
        means, halves = zip(*pairs, strict=True)
        shifted = np.array(counts) * 1.04 ** (index - 1)
        axes.errorbar(shifted, means, halves, marker="o", capsize=4, label=source)
    axes.axhline(0, color="grey", lw=1)
    axes.set(
        xscale="log",
        xlabel="labels",
        ylabel="points read right",
        title="Queue's order minus random order",
    )
    axes.set_xticks(COUNTS, map(str, COUNTS))
    axes.minorticks_off()
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
