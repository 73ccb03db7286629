"""Draws the training images and the charts of an evaluation as PNG files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.data.images import Images
from training.evaluation import charts
from training.evaluation.charts import Json
from training.evaluation.evaluate import EvaluatedPictures

EXAMPLES = 12


def plot_evaluation(pictures: EvaluatedPictures, title: str, folder: Path) -> None:
    """Draw the confusion matrix, reliability and risk–coverage of the digits."""
    data = charts.make_chart_data(pictures.digits)
    _plot_confusion(np.array(data["confusion"]), title, folder / "confusion_matrix.png")
    _plot_reliability(data["reliability"], title, folder / "reliability.png")
    _plot_risk(pictures.digits, title, folder / "risk_coverage.png")


@contextmanager
def _save_figure(path: Path, width: float, height: float) -> Iterator[Axes]:
    figure, axes = pyplot.subplots(figsize=(width, height), layout="constrained")
    yield axes
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _plot_confusion(counts: NDArray[np.int64], title: str, path: Path) -> None:
    # Colour shows errors only: next to the right guesses they would be invisible.
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    limit = max(int(errors.max()), 4)
    with _save_figure(path, 7, 7) as axes:
        axes.imshow(errors, cmap="Reds", vmax=limit)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                weight = "bold" if row == column else "normal"
                colour = "white" if errors[row, column] > limit / 2 else "black"
                axes.text(
                    column, row, str(count), ha="center", va="center", weight=weight, color=colour
                )
        axes.set(title=title, xlabel="guess", ylabel="digit", xticks=range(10), yticks=range(10))


def _plot_reliability(bins: list[Json], title: str, path: Path) -> None:
    positions = range(len(bins))
    with _save_figure(path, 7, 5) as axes:
        axes.bar(positions, [each["right"] for each in bins], color="tab:blue", label="right")
        confidence = [each["said"] for each in bins]
        axes.plot(positions, confidence, "_", color="black", markersize=30, label="confidence")
        for index, each in enumerate(bins):
            axes.text(index, 0.02, f"{each['guesses']:,}", ha="center", color="white")
        names = [f"{each['from']:.3g}–{each['to']:.3g}" for each in bins]
        axes.set_xticks(positions, names, rotation=30, ha="right")
        axes.set(title=title, xlabel="confidence (in the bars: guesses)", ylabel="share right")
        axes.set_ylim(0, 1.05)
        axes.legend(loc="upper left")


def _plot_risk(digits: EvaluatedPictures, title: str, path: Path) -> None:
    order = np.argsort(-digits.certainty, kind="stable")
    accepted = np.arange(1, len(order) + 1)
    risk = (~digits.right[order]).cumsum() / accepted
    coverage = float(digits.accepted.mean())
    with _save_figure(path, 7, 5) as axes:
        axes.plot(accepted / len(accepted), 100 * risk, color="tab:red")
        axes.axvline(coverage, color="grey", linestyle="--", label="accepted as a digit")
        axes.set(title=title, xlabel="share accepted", ylabel="of these wrong (%)", xlim=(0.8, 1))
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")


def plot_classes(images: Images, path: Path) -> None:
    """Draw a row of examples for each class, with the number of its images."""
    present = np.unique(images.labels)
    figure, grid = pyplot.subplots(len(present), 1, figsize=(8, 7), layout="constrained")
    for label, axes in zip(present, grid, strict=True):
        of_class = images.pixels[images.labels == label]
        strip = np.zeros((28, 28 * EXAMPLES), np.uint8)
        for index, image in enumerate(of_class[:EXAMPLES]):
            strip[:, index * 28 : index * 28 + 28] = image
        axes.imshow(strip, cmap="gray_r")
        axes.set(xticks=[], yticks=[], frame_on=False)
        name = str(label) if label != NOT_A_DIGIT else "not a digit"
        axes.set_ylabel(f"{name}: {len(of_class):,}", rotation=0, ha="right", va="center")
    figure.suptitle("Training images by class")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
