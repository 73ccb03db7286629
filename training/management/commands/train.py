"""Trains a model on the labelled images in the database."""

import logging
import re
import signal
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext_noop

from classifier.management.base import ProductCommand
from classifier.models import ModelState, ModelVersion
from classifier.registry import runs
from training import import_tensorflow
from training.data import database
from training.management.commands import loadmnist
from training.record import Record, record_run

EPOCHS, MEMBERS, SEED = 10, 2, 1

logger = logging.getLogger(__name__)


def parse_count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def parse_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", text):
        raise ArgumentTypeError(
            f"{text!r} can't name a folder; use up to 64 lower-case letters, digits, '.', '_', '-'"
        )
    return text


class Command(ProductCommand):
    help = (
        "Trains a model on all labelled training images in the database, and loads MNIST first if "
        "it is missing. Evaluates the model on the test split, compares it with the champion image "
        "by image, and registers it as a candidate or, if it is worse, as rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--fine-tune",
            action="store_true",
            help="continue from the champion's weights with the labels set since; takes minutes",
        )
        parser.add_argument(
            "--force", action="store_true", help="fine-tune even if there are no new labels"
        )
        parser.add_argument(
            "--epochs",
            type=parse_count,
            metavar="N",
            help="epochs per network; default: 10, or 3 with --fine-tune",
        )
        parser.add_argument(
            "--members",
            type=parse_count,
            metavar="K",
            help="networks in the ensemble; default: 2, or as many as the champion has",
        )
        parser.add_argument(
            "--seed",
            type=int,
            metavar="S",
            help="random seed; default: 1, or the number of the run with --fine-tune",
        )
        parser.add_argument(
            "--name", type=parse_name, help="name of the model; default: date and time"
        )
        parser.add_argument(
            "--promote",
            action="store_true",
            help="promote the model after the training, unless it is rejected",
        )
        # Only the worker passes this option, with the run that it has claimed.
        parser.add_argument("--run", type=int, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fine_tune"] and options["members"]:
            raise CommandError(
                "--members can't be combined with --fine-tune, which trains the champion's members."
            )
        # The worker's output is a log.
        write_line = self.stdout.write if options["run"] is None else logger.info
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if options["run"] is not None:
            run = runs.get_running(options["run"])
        else:
            run = runs.start_run(options["fine_tune"], options["force"])
        try:
            with record_run(run, write_line, with_parent=options["run"] is not None) as record:
                version = train(record, options)
        except runs.NoNewLabels as nothing:
            write_line(str(nothing))
        except KeyboardInterrupt:
            raise CommandError("Cancelled; nothing of the model is left.", returncode=130) from None
        else:
            write_line(describe_outcome(version))


def train(record: Record, options: dict[str, Any]) -> ModelVersion:
    # The run is recorded before the imports, because TensorFlow's takes seconds.
    try:
        import_tensorflow()
        from training.plan import TrainingRequest
        from training.run import train_model
        from training.trainer import FINE_TUNING_EPOCHS, Configuration
    except ModuleNotFoundError as error:
        raise CommandError(
            f"Training needs {error.name}: pip install -r requirements/train.txt"
        ) from error
    run = record.run
    epochs = options["epochs"] or (FINE_TUNING_EPOCHS if run.fine_tune else EPOCHS)
    seed = options["seed"]
    if seed is None:
        # Each fine-tuning replays other digits.
        seed = run.pk if run.fine_tune else SEED
    request = TrainingRequest(
        name=options["name"] or timezone.now().strftime("%Y%m%d-%H%M%S"),
        configuration=Configuration(epochs, options["members"] or MEMBERS, seed),
        promote=options["promote"],
        progress_bar=sys.stdout.isatty(),
    )
    if not database.has_mnist():
        record.set_stage(gettext_noop("loading MNIST"))
        record.log(loadmnist.load(None, sample=False))
    return train_model(request, record)


def describe_outcome(version: ModelVersion) -> str:
    version.refresh_from_db()
    if version.state == ModelState.REJECTED:
        champion = version.comparison["against"]
        return f"{version.name} is registered as rejected; {champion} remains the champion."
    if version.state == ModelState.CHAMPION:
        return f"{version.name} is the champion now."
    return f"To promote it: python manage.py promote {version.name}"
