"""One training run from rows to a registered model, compared with the champion."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.models import ModelState, ModelVersion, RunState, Source, Via
from classifier.recognition import model_folder
from classifier.recognition.labels import Event
from classifier.recognition.recognizer import Graph, Recognizer
from classifier.registry import runs, serving, versions
from classifier.registry.serving import find_model_folder
from classifier.webhooks import events
from training import calibrate, exemplars, export, line_calibration, line_trainer, tracking, trainer
from training.data import database, split
from training.data.database import Dataset, Measured
from training.data.images import Images
from training.data.split import Lesson
from training.evaluation import evaluate, gate, plots, report
from training.evaluation.evaluate import Answers
from training.line_trainer import LineConfiguration
from training.record import Record
from training.trainer import Configuration

FEWEST_OF_EACH = 100


class NothingToTrainOn(Exception):
    """There are too few labelled digits."""


@dataclass(frozen=True)
class Plan:
    """`promote` lets the model serve if it is not rejected."""

    name: str
    configuration: Configuration
    promote: Via | None = None
    progress_bar: bool = True


@dataclass(frozen=True)
class Course:
    """A lesson, its configuration, and the functions that make the members and the line reader.

    `add_line_reader` writes the line reader's graph into a folder, if there is one.
    """

    lesson: Lesson
    configuration: dict[str, Any]
    fit: Callable[[trainer.Follow], list[Any]]
    add_line_reader: Callable[[Path, Record], None]


Exam = dict[str, tuple[Measured, Answers]]


def train_model(plan: Plan, record: Record) -> ModelVersion:
    """Trains and registers a model: a candidate or, where it is worse than the champion, rejected.

    Raises runs.NoNewLabels, NothingToTrainOn, lesson.NothingToLearn, export.NoWeights, and
    FileExistsError where the name is taken; then, and however else it ends, no half model is left.
    """
    folder = settings.MODELS_DIR / plan.name
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; choose another --name.")
    # Plots without a model are what a killed run left.
    shutil.rmtree(settings.IMAGES_DIR / plan.name, ignore_errors=True)
    record.stage("reading the images")
    champion = versions.get_champion()
    data = database.training(champion)
    _check(data)
    if record.run.fine_tune and champion:
        _check_news(data, champion, record.run.force)
    record.log(report.describe(data.snapshot, dict(Source.choices)))
    record.stage("preparing what it learns from")
    course = (
        _further(plan, data, champion) if record.run.fine_tune and champion else _anew(plan, data)
    )
    exam, metrics = _make(plan, data, course, record)
    record.stage("comparing with the champion")
    comparison = _compare(exam, champion) if champion else {}
    return _conclude(plan, record, metrics, comparison)


def _check(data: Dataset) -> None:
    digits = (data.mnist + data.corrections).digits
    counts = np.bincount(digits.labels, minlength=10)
    if counts.min() < FEWEST_OF_EACH:
        raise NothingToTrainOn(
            f"Training needs {FEWEST_OF_EACH} labelled images of each digit; of {counts.argmin()} "
            f"there are {counts.min()}. Load MNIST: python manage.py loadmnist"
        )


def _check_news(data: Dataset, champion: ModelVersion, force: bool) -> None:
    learnt = champion.snapshot.get("corrected", {})
    if not force and data.snapshot["corrected"] == learnt:
        raise runs.NoNewLabels(
            f"Nothing new to learn: model {champion} knows every label that is not held out."
        )


def _anew(plan: Plan, data: Dataset) -> Course:
    given = plan.configuration
    prepared = split.prepare(data.mnist + data.corrections, given.seed)

    def fit(follow: trainer.Follow) -> list[Any]:
        return trainer.fit(prepared.train, given, follow, plan.progress_bar)

    def add_line_reader(folder: Path, record: Record) -> None:
        record.stage("training the line reader")
        digits = split.learnt(data.mnist)
        configuration = LineConfiguration.for_run(len(digits), given.epochs, given.seed)
        line_trainer.fit_line_reader(
            digits,
            configuration,
            folder,
            lambda epoch, loss: record.log(report.line_epoch(epoch, configuration.epochs, loss)),
        )

    return Course(prepared, asdict(given), fit, add_line_reader)


def _further(plan: Plan, data: Dataset, champion: ModelVersion) -> Course:
    members = export.read(find_model_folder(champion.name))
    given = replace(plan.configuration, members=len(members))
    prepared = split.for_fine_tuning(data.mnist, data.corrections, given.seed)

    def fit(follow: trainer.Follow) -> list[Any]:
        return trainer.fine_tune(members, prepared.train, given, follow, plan.progress_bar)

    def add_line_reader(folder: Path, _: Record) -> None:
        graph = find_model_folder(champion.name) / model_folder.LINES
        if graph.exists():
            shutil.copy(graph, folder)

    configuration = asdict(given) | {"fine_tuned_from": champion.name}
    return Course(prepared, configuration, fit, add_line_reader)


def _make(plan: Plan, data: Dataset, course: Course, record: Record) -> tuple[Exam, dict[str, Any]]:
    with tracking.tracked(
        plan.name, course.configuration, settings.WANDB_DIR, record.log
    ) as tracker:

        def follow(values: dict[str, Any]) -> None:
            record.epoch(values)
            tracker.log(values)
            if not plan.progress_bar:
                record.log(report.epoch_line(values, course.configuration))

        record.stage("training")
        members = course.fit(follow)
        exam, metrics = _publish(plan, data, course, members, record)
        tracker.log(metrics)
    return exam, metrics


def _publish(
    plan: Plan, data: Dataset, course: Course, members: list[Any], record: Record
) -> tuple[Exam, dict[str, Any]]:
    """The plots first: a model folder that is there has everything that belongs to it."""
    with model_folder.publishing(settings.MODELS_DIR / plan.name) as aside:
        record.stage("exporting")
        export.write(aside, members)
        course.add_line_reader(aside, record)
        record.stage("calibrating")
        graph = Graph((aside / model_folder.GRAPH).read_bytes())
        fitted = calibrate.fit(graph, course.lesson)
        fitted.neighbourhoods.save(aside / model_folder.REJECTOR)
        draft = model_folder.Manifest(
            name=plan.name,
            created_at=timezone.now().isoformat(timespec="seconds"),
            configuration=course.configuration,
            dataset=data.snapshot,
            metrics={},
            thresholds=fitted.thresholds,
            temperature=fitted.temperature,
            certificates=fitted.certificates,
            libraries=export.libraries(),
        )
        model_folder.write_manifest(aside, draft)
        draft = _with_line_confidence(draft, Recognizer(aside), course.lesson.calibration)
        for certificate in draft.certificates:
            record.log(report.certificate(certificate))
        model_folder.write_manifest(aside, draft)
        record.stage("measuring")
        recognizer = Recognizer(aside)
        exam = _examine(recognizer)
        metrics = _metrics(exam) | _held_out(recognizer, course.lesson.calibration)
        if len(learnt := split.learnt(data.mnist)):
            exemplars.choose(recognizer, learnt).save(aside / model_folder.EXEMPLARS)
        with model_folder.publishing(settings.IMAGES_DIR / plan.name) as pictures:
            _draw(course.lesson.train, plan.name, exam, metrics, pictures)
        model_folder.write_manifest(aside, replace(draft, metrics=metrics))
    return exam, metrics


def _with_line_confidence(
    draft: model_folder.Manifest, recognizer: Recognizer, calibration: Images
) -> model_folder.Manifest:
    """Return the manifest with what makes a line certain, if the model reads lines."""
    if recognizer.line_reader is None:
        return draft
    seed = draft.configuration["seed"]
    lines = line_calibration.calibrate_lines(recognizer, calibration.digits, seed)
    return replace(
        draft,
        thresholds=draft.thresholds | {"line": lines.threshold},
        line_confidence=lines.line_confidence,
        certificates=(*draft.certificates, lines.certificate),
    )


def _examine(recognizer: Recognizer) -> Exam:
    """On what will be served, which is the exported graph and not the Keras model."""
    sets = {"test": database.test_split(), "held_out_uploads": database.held_out()}
    return {
        name: (measured, evaluate.of_images(recognizer, measured.images))
        for name, measured in sets.items()
        if measured.ids
    }


def _metrics(exam: Exam) -> dict[str, Any]:
    metrics = {name: evaluate.figures(answers) for name, (_, answers) in exam.items()}
    if "test" in exam:
        metrics["test_details"] = evaluate.details(exam["test"][1])
    return metrics


def _held_out(recognizer: Recognizer, calibration: Images) -> dict[str, Any]:
    return {"held_out": evaluate.figures(evaluate.of_images(recognizer, calibration))}


def _draw(learnt: Images, name: str, exam: Exam, metrics: dict[str, Any], pictures: Path) -> None:
    plots.classes(learnt.pixels, learnt.labels, pictures / "classes.png")
    if "test" in exam:
        answers = exam["test"][1]
        title = f"{name}: {metrics['test']['accuracy']:.2%} of {len(answers.truth):,} test images"
        plots.of_answers(answers, title, pictures)


def _compare(exam: Exam, champion: ModelVersion) -> dict[str, Any]:
    """Image by image with what serves, on the very images that the exam was of."""
    recognizer = serving.load_recognizer(champion)
    pairs = {
        name: gate.Pair(
            measured.ids,
            evaluate.of_images(recognizer, measured.images).correct,
            answers.correct,
        )
        for name, (measured, answers) in exam.items()
    }
    return {"against": champion.name, **asdict(gate.compare(pairs))}


def _conclude(
    plan: Plan, record: Record, metrics: dict[str, Any], comparison: dict[str, Any]
) -> ModelVersion:
    record.log(report.summary(metrics))
    record.log(f"Model: {settings.MODELS_DIR / plan.name}")
    record.log(f"Plots: {settings.IMAGES_DIR / plan.name}")
    if comparison:
        record.log(report.verdict(comparison))
    with transaction.atomic():
        version = versions.register(plan.name, comparison)
        runs.finish(record.run.pk, RunState.SUCCEEDED, result=version)
        if plan.promote and comparison.get("passed", True):
            versions.promote(plan.name, record.run.asked_by, plan.promote, "It passed the gate.")
        elif version.state == ModelState.CANDIDATE:
            events.publish(
                Event.MODEL_CANDIDATE,
                [
                    {
                        "name": version.name,
                        "against": comparison.get("against"),
                        "reason": comparison.get("reason"),
                    }
                ],
            )
    return version
