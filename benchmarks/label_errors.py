"""Measure how early the order "probably mislabelled" shows labels that are wrong.

First on MNIST's held-out training digits, some of which get the label that another classifier
confuses them with, then on MNIST's test split and its labels that are known to be wrong.
"""

import os
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmarks import ROOT
from classifier.recognition.label_errors import rate_labels
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats
from training.data import mnist, split
from training.data.images import Images

Classes = NDArray[np.intp]

# Test images whose label at most two of five people chose (Northcutt, Athalye & Mueller 2021,
# https://github.com/cleanlab/label-errors, mturk/mnist_mturk.json).
KNOWN_ERRORS = (
    947,
    1621,
    1901,
    2130,
    2462,
    2597,
    2654,
    3520,
    3558,
    5937,
    6651,
    6783,
    8527,
    9679,
    9729,
)
FIRST = 40
DRAWS = 20


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models/baseline", help="its folder")
    recognizer = Recognizer(parser.parse_args().model)
    source = mnist.read_npz(Path(os.environ["MNIST_NPZ"]))
    train = Images(source.x_train, source.y_train)
    measure_swapped_labels(recognizer, train)
    measure_known_errors(recognizer, Images(source.x_test, source.y_test))


def measure_swapped_labels(recognizer: Recognizer, train: Images) -> None:
    """Swap FIRST labels of digits that the model has not learned, and look for them."""
    learned, digits = split.split_digits(train)
    confusions = LinearDiscriminantAnalysis()
    confusions.fit(flatten(learned), learned.labels)
    confused = confusions.predict_proba(flatten(digits))
    classes = digits.labels.astype(np.intp)
    confused[np.arange(len(digits)), classes] = 0
    chances = confused.max(axis=1) / confused.max(axis=1).sum()
    predictions = predict(recognizer, digits)
    found = []
    for seed in range(DRAWS):
        swapped = np.random.default_rng(seed).choice(len(digits), FIRST, False, chances)
        labels = classes.copy()
        labels[swapped] = confused[swapped].argmax(axis=1)
        found.append(np.isin(order(predictions, labels)[:FIRST], swapped).mean())
    print(
        f"{FIRST} swapped labels among {len(digits):,}: {np.mean(found):.1%} of the first {FIRST} "
        f"are swapped ({min(found):.1%} to {max(found):.1%} in {DRAWS} draws)."
    )


def measure_known_errors(recognizer: Recognizer, test: Images) -> None:
    ranked = order(predict(recognizer, test), test.labels.astype(np.intp)).tolist()
    ranks = sorted(ranked.index(image) + 1 for image in KNOWN_ERRORS)
    early = sum(rank <= FIRST for rank in ranks)
    print(f"Of {len(ranks)} known errors, {early} are among the first {FIRST}. Ranks: {ranks}")


def flatten(images: Images) -> Floats:
    return images.pixels.reshape(len(images), -1) / 255.0


def predict(recognizer: Recognizer, images: Images) -> tuple[Floats, Floats]:
    recognitions = recognizer.recognize(images.pixels)
    probabilities = np.array([each.probabilities for each in recognitions])
    return probabilities, np.array([each.scores["rejection"] for each in recognitions])


def order(predictions: tuple[Floats, Floats], classes: Classes) -> Classes:
    """Return the images' indices, the most suspicious label first."""
    return np.argsort(-rate_labels(*predictions, classes), kind="stable")


if __name__ == "__main__":
    main()
