"""Pictures for a person to read: what was learnt, what is confused, what confidence is worth."""

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
from training.evaluation import evaluate
from training.evaluation.evaluate import Answers

EXAMPLES = 12


def of_answers(answers: Answers, title: str, folder: Path) -> None:
    """Confusion matrix, reliability and risk–coverage of the digits among N answers."""
    digits = answers[answers.truth != NOT_A_DIGIT]
    counts = evaluate.confusion(digits.probabilities.argmax(axis=1), digits.truth)
    confusion_matrix(counts, title, folder / "confusion_matrix.png")
    reliability(digits, title, folder / "reliability.png")
    risk_coverage(digits, title, folder / "risk_coverage.png")


@contextmanager
def _drawn(path: Path, width: float, height: float) -> Iterator[Axes]:
    figure, axes = pyplot.subplots(figsize=(width, height), layout="constrained")
    yield axes
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def confusion_matrix(counts: NDArray[np.int64], title: str, path: Path) -> None:
    """`counts` is (10, 10): a row a true digit, a column a guess.

    Errors colour the picture, not the hits, which would drown them.
    """
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    limit = max(int(errors.max()), 4)
    with _drawn(path, 7, 7) as axes:
        axes.imshow(errors, cmap="Reds", vmax=limit)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                weight = "bold" if row == column else "normal"
                colour = "white" if errors[row, column] > limit / 2 else "black"
                axes.text(
                    column, row, str(count), ha="center", va="center", weight=weight, color=colour
                )
        axes.set(title=title, xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10))


def reliability(digits: Answers, title: str, path: Path) -> None:
    """How often guesses of each confidence are right (Guo et al. 2017)."""
    bins = evaluate.reliability(digits)
    places = range(len(bins))
    with _drawn(path, 7, 5) as axes:
        axes.bar(places, [each["right"] for each in bins], color="tab:blue", label="right")
        said = [each["said"] for each in bins]
        axes.plot(places, said, "_", color="black", markersize=30, label="said")
        for place, each in enumerate(bins):
            axes.text(place, 0.02, f"{each['guesses']:,}", ha="center", color="white")
        names = [f"{each['from']:.3g}–{each['to']:.3g}" for each in bins]
        axes.set_xticks(places, names, rotation=30, ha="right")
        axes.set(
            title=title, xlabel="confidence said (in the bars: how many)", ylabel="share right"
        )
        axes.set_ylim(0, 1.05)
        axes.legend(loc="upper left")


def risk_coverage(digits: Answers, title: str, path: Path) -> None:
    """What share of those kept is wrong, the least certain being given up first."""
    falling = np.argsort(-digits.certainty, kind="stable")
    kept = np.arange(1, len(falling) + 1)
    risk = (~digits.right[falling]).cumsum() / kept
    with _drawn(path, 7, 5) as axes:
        axes.plot(kept / len(kept), 100 * risk, color="tab:red")
        axes.axvline(float(digits.kept.mean()), color="grey", linestyle="--", label="kept as digit")
        axes.set(
            title=title, xlabel="share of digits kept", ylabel="of these wrong (%)", xlim=(0.8, 1)
        )
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")


def classes(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], path: Path) -> None:
    """A row a class: how many images it has, and some of them; the last is of what is no digit."""
    present = np.unique(labels)
    figure, grid = pyplot.subplots(len(present), 1, figsize=(8, 7), layout="constrained")
    for label, axes in zip(present, grid, strict=True):
        of_class = pixels[labels == label]
        strip = np.zeros((28, 28 * EXAMPLES), np.uint8)
        for place, image in enumerate(of_class[:EXAMPLES]):
            strip[:, place * 28 : place * 28 + 28] = image
        axes.imshow(strip, cmap="gray_r")
        axes.set(xticks=[], yticks=[], frame_on=False)
        name = str(label) if label != NOT_A_DIGIT else "none"
        axes.set_ylabel(f"{name}: {len(of_class):,}", rotation=0, ha="right", va="center")
    figure.suptitle("What was trained on, by class")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
