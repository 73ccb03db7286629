"""Trains a model on the labelled images in the database."""

import logging
import re
import signal
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, TrainingRun, Via
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import runs
from training import import_tensorflow, record
from training.data import database, mnist
from training.management.commands import loadmnist

EPOCHS, MEMBERS, SEED = 10, 2, 1

logger = logging.getLogger(__name__)


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
        "if it is not there), measures it on the test split, compares it with the champion image "
        "by image, and registers it: as a candidate or, if it is worse, as rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--fine-tune",
            action="store_true",
            help="go on from the champion's weights, with what has been labelled since: minutes",
        )
        parser.add_argument(
            "--force", action="store_true", help="fine-tune even where there is nothing new"
        )
        parser.add_argument(
            "--epochs", type=at_least_one, metavar="N", help="by default 10, or 3 of fine-tuning"
        )
        parser.add_argument(
            "--members",
            type=at_least_one,
            metavar="K",
            help="networks in the ensemble; by default 2, or as many as the champion has",
        )
        parser.add_argument(
            "--seed",
            type=int,
            metavar="S",
            help="by default 1 or, of fine-tuning, the run's number",
        )
        parser.add_argument(
            "--name", type=model_name, help="of the model; by default the date and time"
        )
        parser.add_argument(
            "--promote",
            action="store_true",
            help="let it serve as soon as it is trained, unless it is rejected",
        )
        # Only the worker passes it, with the run that it has taken up.
        parser.add_argument("--run", type=int, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fine_tune"] and options["members"]:
            raise CommandError(
                "--members can't be chosen with --fine-tune: they are the champion's."
            )
        # The worker's output is a log.
        self._say = self.stdout.write if options["run"] is None else logger.info
        try:
            version = self._train(options)
        except runs.NoNewLabels as nothing:
            self._say(str(nothing))
        except KeyboardInterrupt:
            raise CommandError("Cancelled; nothing of the model is left.", returncode=130) from None
        else:
            self._say(outcome(version))

    def _train(self, options: dict[str, Any]) -> ModelVersion:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        queued = options["run"] is not None
        try:
            run = runs.get_running(options["run"]) if queued else begun(options)
        except RuleBroken as error:
            raise CommandError(str(error)) from error
        with record.kept(run, self._say, with_parent=queued) as kept:
            return made(run, options, kept)


def made(run: TrainingRun, options: dict[str, Any], kept: record.Record) -> ModelVersion:
    """On record already: what comes now, importing TensorFlow first of all, takes its time."""
    try:
        import_tensorflow()
        from training import export
        from training.data import split
        from training.run import NothingToTrainOn, train_model
    except ModuleNotFoundError as error:
        raise CommandError(
            f"Training needs {error.name}: pip install -r requirements/train.txt"
        ) from error
    try:
        load_mnist(kept)
        return train_model(plan(run, options), kept)
    except (
        ArtifactError,
        FileExistsError,
        mnist.MnistUnavailable,
        NothingToTrainOn,
        split.NothingToLearn,
        export.NoWeights,
    ) as error:
        raise CommandError(str(error)) from error


def begun(options: dict[str, Any]) -> TrainingRun:
    return runs.start_run(options["fine_tune"], options["force"])


def load_mnist(kept: record.Record) -> None:
    if not database.has_mnist():
        kept.stage("loading MNIST")
        kept.log(loadmnist.load(None, sample=False))


def plan(run: TrainingRun, options: dict[str, Any]) -> Any:
    from training import trainer
    from training.run import Plan

    seed = options["seed"]
    if seed is None:
        # Each fine-tuning replays other digits.
        seed = run.pk if run.fine_tune else SEED
    epochs = options["epochs"] or (trainer.FURTHER_EPOCHS if run.fine_tune else EPOCHS)
    return Plan(
        name=options["name"] or timezone.now().strftime("%Y%m%d-%H%M%S"),
        configuration=trainer.Configuration(epochs, options["members"] or MEMBERS, seed),
        promote=Via.COMMAND if options["promote"] else None,
        progress_bar=sys.stdout.isatty(),
    )


def outcome(version: ModelVersion) -> str:
    version.refresh_from_db()
    if version.state == ModelState.REJECTED:
        return f"{version.name} is kept as rejected; {version.comparison['against']} serves on."
    if version.state == ModelState.CHAMPION:
        return f"{version.name} is the champion now."
    return f"To let it serve: python manage.py promote {version.name}"
