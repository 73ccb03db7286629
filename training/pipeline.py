"""One training run from rows to a registered candidate, on record from its first second."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from classifier import artifact
from classifier.models import ModelVersion, RunState, Source, TrainingRun
from classifier.recognizer import Graph, Recognizer
from classifier.services import versions
from training import calibrate, dataset, evaluate, export, lesson, plots, tracking, trainer
from training.images import Images
from training.lesson import Lesson

FEWEST_OF_EACH = 100
SAMPLE_WARNING = "SAMPLE: this model learns from the 5,000-image sample, not from all of MNIST."


class NothingToTrainOn(Exception):
    """There are too few labelled digits."""


@dataclass(frozen=True)
class Plan:
    name: str
    configuration: trainer.Configuration
    progress_bar: bool = True


def run(plan: Plan, say: Callable[[str], None]) -> ModelVersion:
    """Trains and registers a candidate; `say` receives each line of the log.

    Raises NothingToTrainOn, and FileExistsError where the name is taken. However it ends, the
    TrainingRun says so, and no half model is left.
    """
    record = TrainingRun.objects.create()

    def log(line: str) -> None:
        record.log += line + "\n"
        record.save(update_fields=["log"])
        say(line)

    try:
        version = _train(plan, record, log)
    except BaseException as error:
        _finish(record, _ending(error), error=repr(error))
        raise
    _finish(record, RunState.SUCCEEDED, result=version)
    return version


def _ending(error: BaseException) -> RunState:
    cancelled = isinstance(error, KeyboardInterrupt)
    return RunState.CANCELLED if cancelled else RunState.FAILED


def _finish(record: TrainingRun, state: RunState, **values: Any) -> None:
    ended = {"state": state, "finished_at": timezone.now(), **values}
    TrainingRun.objects.filter(pk=record.pk).update(**ended)


def _train(plan: Plan, record: TrainingRun, log: Callable[[str], None]) -> ModelVersion:
    folder = settings.MODELS_DIR / plan.name
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; choose another --name.")
    # Plots without a model are what a killed run left.
    shutil.rmtree(settings.IMAGES_DIR / plan.name, ignore_errors=True)
    data = dataset.training()
    _check(data.train)
    log(describe(data.snapshot))
    prepared = lesson.prepare(data.train, plan.configuration.seed)
    configuration = asdict(plan.configuration)
    with tracking.tracked(plan.name, configuration, settings.VAR_DIR) as tracker:

        def on_epoch(values: dict[str, Any]) -> None:
            record.progress.append(values)
            record.save(update_fields=["progress"])
            tracker.log(values)
            if not plan.progress_bar:
                log(epoch_line(values, plan.configuration))

        members = trainer.fit(prepared.train, plan.configuration, on_epoch, plan.progress_bar)
        metrics = _publish(plan, data.snapshot, prepared, members)
        tracker.log(metrics)
    log(summary(plan.name, metrics))
    return versions.register(plan.name)


def _check(given: Images) -> None:
    counts = np.bincount(given.digits.labels, minlength=10)
    if counts.min() < FEWEST_OF_EACH:
        raise NothingToTrainOn(
            f"Training needs {FEWEST_OF_EACH} labelled images of each digit; of {counts.argmin()} "
            f"there are {counts.min()}. Load MNIST: python manage.py loadmnist"
        )


def _publish(
    plan: Plan, snapshot: dict[str, Any], prepared: Lesson, members: list[Any]
) -> dict[str, Any]:
    """The plots first: a model folder that is there has everything that belongs to it."""
    with artifact.publishing(settings.MODELS_DIR / plan.name) as aside:
        export.write(aside, members)
        fitted = calibrate.fit(Graph(aside / artifact.GRAPH), prepared)
        fitted.neighbourhoods.save(aside / artifact.REJECTOR)
        draft = artifact.Manifest(
            name=plan.name,
            created_at=timezone.now().isoformat(timespec="seconds"),
            configuration=asdict(plan.configuration),
            dataset=snapshot,
            metrics={},
            thresholds=fitted.thresholds,
            temperature=fitted.temperature,
            libraries=export.libraries(),
        )
        artifact.write_manifest(aside, draft)
        with artifact.publishing(settings.IMAGES_DIR / plan.name) as pictures:
            plots.classes(prepared.train.pixels, prepared.train.labels, pictures / "classes.png")
            metrics = _measure(Recognizer(aside), prepared, pictures)
        artifact.write_manifest(aside, replace(draft, metrics=metrics))
    return metrics


def _measure(recognizer: Recognizer, prepared: Lesson, pictures: Path) -> dict[str, Any]:
    """On what will be served, which is the exported graph and not the Keras model."""
    test = evaluate.of_images(recognizer, dataset.test_split())
    figures = evaluate.figures(test)
    title = f"{recognizer.name}: {figures['accuracy']:.2%} of {len(test.truth):,} test images"
    plots.of_answers(test, title, pictures)
    parts = {"held_out": prepared.calibration, "held_out_uploads": dataset.held_out()}
    return {"test": figures} | {
        name: evaluate.figures(evaluate.of_images(recognizer, images))
        for name, images in parts.items()
        if len(images)
    }


def describe(snapshot: dict[str, Any]) -> str:
    sources = dict(Source.choices)
    counts = ", ".join(f"{n:,} {sources[name]}" for name, n in snapshot["by_source"].items())
    left = snapshot["left_out"]
    lines = [
        f"Training on {snapshot['images']:,} images: {counts}.",
        f"Left out: {left['unknown']:,} unknown, "
        f"{left['held_out']:,} labelled uploads held out for evaluation.",
    ]
    if Source.MNIST_SAMPLE in snapshot["by_source"]:
        lines.append(SAMPLE_WARNING)
    return "\n".join(lines)


def epoch_line(values: dict[str, Any], configuration: trainer.Configuration) -> str:
    return (
        f"Member {values['member']} of {configuration.members}, "
        f"epoch {values['epoch']} of {configuration.epochs}: "
        f"loss {values['loss']:.4f}, accuracy {values['accuracy']:.2%}"
    )


def summary(name: str, metrics: dict[str, Any]) -> str:
    lines = []
    for title, key in (("Test split", "test"), ("Held-out uploads", "held_out_uploads")):
        if figures := metrics.get(key):
            lines.append(
                f"{title}: {figures['accuracy']:.2%} of {figures['digits']:,} right; "
                f"{figures['coverage']:.2%} kept as digit, "
                f"{percent(figures['accuracy_at_digit'])} of these right."
            )
    lines.append(f"Model: {settings.MODELS_DIR / name}")
    lines.append(f"Plots: {settings.IMAGES_DIR / name}")
    return "\n".join(lines)


def percent(share: float | None) -> str:
    """Of nothing there is no share."""
    return "–" if share is None else f"{share:.2%}"
