"""Trains a model on the labelled images in the database."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from classifier.services import versions
from training import dataset


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def model_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", text):
        raise ArgumentTypeError(
            f"{text!r} can't name a folder; use up to 64 lower-case letters, digits, '.', '_', '-'"
        )
    return text


class Command(BaseCommand):
    help = (
        "Trains a model on every labelled training image in the database (MNIST is loaded first "
        "if it is not there), measures it on the test split, and registers it as a candidate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--epochs", type=at_least_one, default=10, metavar="N")
        parser.add_argument(
            "--members", type=at_least_one, default=2, metavar="K", help="networks in the ensemble"
        )
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument(
            "--name", type=model_name, help="of the model; by default the date and time"
        )
        parser.add_argument(
            "--promote", action="store_true", help="let it serve as soon as it is trained"
        )

    def handle(
        self, *, epochs: int, members: int, seed: int, name: str | None, promote: bool, **_: Any
    ) -> None:
        if not dataset.has_mnist():
            call_command("loadmnist", stdout=self.stdout)
        try:
            from training import pipeline, trainer
        except ModuleNotFoundError as error:
            raise CommandError(
                f"Training needs {error.name}: pip install -r requirements/train.txt"
            ) from error
        plan = pipeline.Plan(
            name=name or timezone.now().strftime("%Y%m%d-%H%M%S"),
            configuration=trainer.Configuration(epochs, members, seed),
            progress_bar=sys.stdout.isatty(),
        )
        try:
            version = pipeline.run(plan, self.stdout.write)
        except (pipeline.NothingToTrainOn, FileExistsError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Cancelled; nothing of the model is left.", returncode=130) from None
        if promote:
            versions.promote(version.name)
            self.stdout.write(f"{version.name} is the champion now.")
        else:
            self.stdout.write(f"To let it serve: python manage.py promote {version.name}")
