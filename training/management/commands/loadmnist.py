"""Loads MNIST into the database."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from classifier.models import Source
from training.data import mnist


class Command(BaseCommand):
    help = (
        "Loads the 70,000 images of MNIST into input_data, each with its label and split. "
        "Reads --npz, else MNIST_NPZ, else lets Keras download them. Loading twice does nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--npz", type=Path, metavar="PATH", help="Keras's mnist.npz")
        source.add_argument(
            "--sample", action="store_true", help="5,000 real MNIST digits, with no download"
        )

    def handle(self, *args: Any, npz: Path | None, sample: bool, **options: Any) -> None:
        try:
            self.stdout.write(load(npz, sample))
        except mnist.MnistUnavailable as error:
            raise CommandError(str(error)) from error


def load(npz: Path | None, sample: bool) -> str:
    """Says what it did. Raises MnistUnavailable."""
    named = mnist.from_npz(npz) if npz else None  # a wrong file is an error in any case
    whole = mnist.stored_counts(Source.MNIST)
    if any(whole):
        return f"MNIST is loaded already: {whole[0]:,} training and {whole[1]:,} test images."
    if sample and any(mnist.stored_counts(Source.MNIST_SAMPLE)):
        return "The SAMPLE of MNIST is loaded already."
    found = named or _read(sample)
    mnist.store(found, progress_bar=sys.stderr.isatty())
    train, test = found.counts
    loaded = f"Loaded {train:,} training and {test:,} test images"
    if sample:
        return f"{loaded}. This is a SAMPLE and not all of MNIST: models learn less from it."
    return f"{loaded} of MNIST."


def _read(sample: bool) -> mnist.Mnist:
    if sample:
        return mnist.sample()
    if settings.MNIST_NPZ:
        return mnist.from_npz(Path(settings.MNIST_NPZ))
    return mnist.from_keras()
