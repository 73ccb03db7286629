"""One training run from rows to a registered candidate, on record from its first second."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from classifier import artifact, services
from classifier.models import ModelVersion, RunState, Source, TrainingRun
from classifier.recognizer import Recognizer
from training import dataset, evaluate, export, plots, tracking, trainer

# A guess that the network itself gives less is told as a doubt.
LEAST_CONFIDENCE = 0.8
SAMPLE_WARNING = "SAMPLE: this model learns from the 5,000-image sample, not from all of MNIST."


class NothingToTrainOn(Exception):
    """There is not one labelled training image."""


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
    if not len(data.train):
        raise NothingToTrainOn("There is no labelled training image in the database.")
    log(describe(data.snapshot))
    configuration = asdict(plan.configuration)
    with tracking.tracked(plan.name, configuration, settings.VAR_DIR) as tracker:

        def on_epoch(values: dict[str, Any]) -> None:
            record.progress.append(values)
            record.save(update_fields=["progress"])
            tracker.log(values)

        members = trainer.fit(
            data.train.pixels, data.train.labels, plan.configuration, on_epoch, plan.progress_bar
        )
        metrics = _publish(plan, data, members)
        tracker.log(metrics)
    log(summary(plan.name, metrics))
    return services.register(plan.name)


def _publish(plan: Plan, data: dataset.Dataset, members: list[Any]) -> dict[str, Any]:
    """The plots first: a model folder that is there has everything that belongs to it."""
    draft = artifact.Manifest(
        name=plan.name,
        created_at=timezone.now().isoformat(timespec="seconds"),
        configuration=asdict(plan.configuration),
        dataset=data.snapshot,
        metrics={},
        thresholds={"confidence": LEAST_CONFIDENCE},
        libraries=export.libraries(),
    )
    with artifact.publishing(settings.MODELS_DIR / plan.name) as aside:
        export.write(aside, members)
        artifact.write_manifest(aside, draft)
        with artifact.publishing(settings.IMAGES_DIR / plan.name) as pictures:
            metrics = _measure(Recognizer(aside), data, pictures)
        artifact.write_manifest(aside, replace(draft, metrics=metrics))
    return metrics


def _measure(recognizer: Recognizer, data: dataset.Dataset, pictures: Path) -> dict[str, Any]:
    """On what will be served, which is the exported graph and not the Keras model."""
    test, held_out = dataset.test_split(), dataset.held_out()
    answers = evaluate.of_images(recognizer, test.pixels, test.labels)
    figures = evaluate.figures(answers)
    counts = evaluate.confusion(answers.probabilities.argmax(axis=1), answers.truth)
    title = f"{recognizer.name}: {figures['accuracy']:.2%} of {len(test):,} test images"
    plots.confusion_matrix(counts, title, pictures / "confusion_matrix.png")
    plots.classes(data.train.pixels, data.train.labels, pictures / "classes.png")
    if not len(held_out):
        return {"test": figures}
    corrected = evaluate.of_images(recognizer, held_out.pixels, held_out.labels)
    return {"test": figures, "held_out_uploads": evaluate.figures(corrected)}


def describe(snapshot: dict[str, Any]) -> str:
    sources = dict(Source.choices)
    counts = ", ".join(f"{n:,} {sources[name]}" for name, n in snapshot["by_source"].items())
    left = snapshot["left_out"]
    lines = [
        f"Training on {snapshot['images']:,} images: {counts}.",
        f"Left out: {left['unknown']:,} unknown, {left['not_a_digit']:,} not a digit, "
        f"{left['held_out']:,} labelled uploads held out for evaluation.",
    ]
    if Source.MNIST_SAMPLE in snapshot["by_source"]:
        lines.append(SAMPLE_WARNING)
    return "\n".join(lines)


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
