"""Pictures for a person to read: the confusion matrix and an overview of all classes."""

from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")

from matplotlib import pyplot

EXAMPLES = 12


def confusion_matrix(counts: NDArray[np.int64], title: str, path: Path) -> None:
    """`counts` is (10, 10): a row a true digit, a column a guess.

    Errors colour the picture, not the hits, which would drown them.
    """
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    figure, axes = pyplot.subplots(figsize=(7, 7), layout="constrained")
    limit = max(int(errors.max()), 4)
    axes.imshow(errors, cmap="Reds", vmax=limit)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            weight = "bold" if row == column else "normal"
            colour = "white" if errors[row, column] > limit / 2 else "black"
            axes.text(
                column, row, str(count), ha="center", va="center", weight=weight, color=colour
            )
    axes.set(title=title, xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def classes(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], path: Path) -> None:
    """A row a class: how many images it has, and some of them."""
    figure, grid = pyplot.subplots(10, 1, figsize=(8, 7), layout="constrained")
    for digit, axes in enumerate(grid):
        of_class = pixels[labels == digit]
        strip = np.zeros((28, 28 * EXAMPLES), np.uint8)
        for place, image in enumerate(of_class[:EXAMPLES]):
            strip[:, place * 28 : place * 28 + 28] = image
        axes.imshow(strip, cmap="gray_r")
        axes.set(xticks=[], yticks=[], frame_on=False)
        axes.set_ylabel(f"{digit}: {len(of_class):,}", rotation=0, ha="right", va="center")
    figure.suptitle("What was trained on, by class")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
