"""Loads MNIST into the database."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from classifier.management.base import ProductCommand
from classifier.models import Source
from training.data import database, mnist


class Command(ProductCommand):
    help = (
        "Loads the 70,000 images of MNIST with their labels into the table input_data. Reads the "
        "file --npz or MNIST_NPZ, or lets Keras download it. Does nothing if MNIST is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--npz", type=Path, metavar="PATH", help="Keras's mnist.npz")
        source.add_argument(
            "--sample", action="store_true", help="load 5,000 real MNIST digits, without a download"
        )

    def handle(self, *args: Any, npz: Path | None, sample: bool, **options: Any) -> None:
        self.stdout.write(load(npz, sample))


def load(npz: Path | None, sample: bool) -> str:
    """Load MNIST unless it is loaded, and describe the result. Raise RuleBroken."""
    from_file = mnist.read_npz(npz) if npz else None  # a wrong file is always an error
    train, test = database.count_mnist(Source.MNIST)
    if train or test:
        return f"MNIST is loaded already: {train:,} training and {test:,} test images."
    if sample and any(database.count_mnist(Source.MNIST_SAMPLE)):
        return "The SAMPLE of MNIST is loaded already."
    images = from_file or _read_default(sample)
    database.store_mnist(images, progress_bar=sys.stderr.isatty())
    train, test = images.counts
    loaded = f"Loaded {train:,} training and {test:,} test images"
    if sample:
        return f"{loaded}. This is a SAMPLE and not all of MNIST: models learn less from it."
    return f"{loaded} of MNIST."


def _read_default(sample: bool) -> mnist.Mnist:
    if sample:
        return mnist.read_sample()
    if settings.MNIST_NPZ:
        return mnist.read_npz(Path(settings.MNIST_NPZ))
    return mnist.download()
