"""Runs one training: prepare, train, calibrate, evaluate, compare with the champion, register."""

import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, RunState
from classifier.recognition import model_folder
from classifier.recognition.labels import Event
from classifier.recognition.model_folder import Manifest
from classifier.recognition.recognizer import Graph, Recognizer
from classifier.registry import erasures, runs, serving, signatures, versions
from classifier.registry.serving import find_model_folder
from classifier.webhooks import events
from training import calibrate, exemplars, export, tracking, trainer
from training.data import database
from training.data.images import GroupedImages
from training.evaluation import evaluate, gate, label_effects, plots, report
from training.evaluation.gate import Comparison, PairedAnswers
from training.evaluation.label_effects import LabelEffects
from training.evaluation.results import EvaluationResults
from training.ink import trainer as ink_trainer
from training.lines import calibration as line_calibration
from training.lines import trainer as line_trainer
from training.plan import TrainingPlan, TrainingRequest, prepare_plan
from training.record import Record
from training.trainer import EpochMetrics


def train_model(request: TrainingRequest, record: Record) -> ModelVersion:
    """Train a model and register it as a candidate or, if it is worse than the champion, rejected.

    Raise NoNewLabels if there are none, RuleBroken if there is nothing to train on or from or the
    name is taken. However the run ends, no incomplete model is left.
    """
    folder = settings.MODELS_DIR / request.name
    if folder.exists():
        message = gettext_noop("%(folder)s exists already; choose another --name.")
        raise RuleBroken(message % {"folder": folder})
    # A killed run may have left plots without a model.
    shutil.rmtree(settings.IMAGES_DIR / request.name, ignore_errors=True)
    champion = ModelVersion.objects.champion()
    plan = prepare_plan(request, champion, record)
    with tracking.track_run(request.name, plan.settings, settings.WANDB_DIR, record.log) as track:
        members = _train_members(plan, record, track)
        with model_folder.publishing(folder) as draft:
            _export(draft, members, plan, record)
            manifest = _calibrate(draft, plan, record)
            results = _evaluate(draft, plan, record)
            _draw_plots(plan, results)
            model_folder.write_manifest(draft, replace(manifest, metrics=results.to_json()))
            if settings.MODEL_SIGNING_KEY:
                signatures.sign_folder(draft)
        track(results.to_json())
    compared = _compare(results, plan.data.new, champion, record) if champion else None
    return _register(plan, results, compared, record)


def _train_members(plan: TrainingPlan, record: Record, track: tracking.Log) -> list[Any]:
    """Return the trained members, which are Keras models."""
    progress_bar = plan.request.progress_bar

    def record_epoch(epoch: EpochMetrics) -> None:
        record.add_epoch(asdict(epoch))
        track(asdict(epoch))
        if not progress_bar:
            record.log(report.format_epoch(epoch, plan.configuration))

    record.set_stage(gettext_noop("training"))
    images, configuration = plan.split.train, plan.configuration
    if plan.base is None:
        return trainer.fit(images, configuration, record_epoch, progress_bar)
    return trainer.fine_tune(plan.base_members, images, configuration, record_epoch, progress_bar)


def _export(draft: Path, members: list[Any], plan: TrainingPlan, record: Record) -> None:
    """Write the members, a line reader and an ink finder: new, or those of the base."""
    record.set_stage(gettext_noop("exporting"))
    export.write_members(draft, members)
    if plan.base:
        for name in (model_folder.LINES, model_folder.INK):
            graph = find_model_folder(plan.base.name) / name
            if graph.exists():
                shutil.copy(graph, draft)
        return
    for network, stage, fit in (
        ("line reader", gettext_noop("training the line reader"), line_trainer.fit_line_reader),
        ("ink finder", gettext_noop("training the ink finder"), ink_trainer.fit_ink_finder),
    ):
        record.set_stage(stage)
        fit(plan.digits, plan.configuration, draft, partial(_log_epoch, record, network))


def _log_epoch(record: Record, network: str, epoch: int, epochs: int, loss: float) -> None:
    record.log(f"{network.capitalize()}, epoch {epoch} of {epochs}: loss {loss:.4f}")


def _calibrate(draft: Path, plan: TrainingPlan, record: Record) -> Manifest:
    record.set_stage(gettext_noop("calibrating"))
    graph = Graph((draft / model_folder.GRAPH).read_bytes())
    calibration = calibrate.fit_calibration(graph, plan.split)
    calibration.detector.save(draft / model_folder.REJECTOR)
    manifest = Manifest(
        name=plan.request.name,
        created_at=timezone.now().isoformat(timespec="seconds"),
        configuration=plan.settings,
        dataset=asdict(plan.data.snapshot),
        metrics={},
        thresholds=calibration.thresholds,
        temperature=calibration.temperature,
        certificates=calibration.certificates,
        libraries=export.list_library_versions(),
    )
    model_folder.write_manifest(draft, manifest)
    recognizer = Recognizer(draft)
    if recognizer.line_reader:
        digits, seed = plan.split.calibration.digits, plan.configuration.seed
        lines = line_calibration.calibrate_lines(recognizer, digits, seed)
        manifest = replace(
            manifest,
            thresholds=manifest.thresholds | {"line": lines.threshold},
            line_confidence=lines.line_confidence,
            certificates=(*manifest.certificates, lines.certificate),
        )
        model_folder.write_manifest(draft, manifest)
    for certificate in manifest.certificates:
        record.log(report.format_certificate(certificate))
    return manifest


def _evaluate(draft: Path, plan: TrainingPlan, record: Record) -> EvaluationResults:
    """Evaluate the exported model, which is the one that will serve, and choose its exemplars."""
    record.set_stage(gettext_noop("evaluating"))
    recognizer = Recognizer(draft)
    sets = {
        "test": database.load_test_split(),
        "held_out_uploads": database.load_held_out_uploads(),
    }
    sets = {name: each for name, each in sets.items() if each.ids}
    results = EvaluationResults(
        sets=sets,
        answers={
            name: evaluate.evaluate_images(recognizer, each.images) for name, each in sets.items()
        },
        calibration=evaluate.evaluate_images(recognizer, plan.split.calibration),
        new=evaluate.evaluate_images(recognizer, plan.data.new.images),
    )
    if len(plan.digits):
        exemplars.choose_exemplars(recognizer, plan.digits).save(draft / model_folder.EXEMPLARS)
    return results


def _draw_plots(plan: TrainingPlan, results: EvaluationResults) -> None:
    name = plan.request.name
    with model_folder.publishing(settings.IMAGES_DIR / name) as folder:
        plots.plot_classes(plan.split.train, folder / erasures.PLOT)
        if test := results.metrics.get("test"):
            title = f"{name}: {test.accuracy or 0:.2%} of {test.digits:,} test images"
            plots.plot_evaluation(results.answers["test"], title, folder)


def _compare(
    results: EvaluationResults, new: GroupedImages, champion: ModelVersion, record: Record
) -> tuple[Comparison, LabelEffects]:
    """Compare the model's answers with the champion's on the same images."""
    record.set_stage(gettext_noop("comparing with the champion"))
    recognizer = serving.load_recognizer(champion)
    answers = {
        name: evaluate.evaluate_images(recognizer, each.images)
        for name, each in results.sets.items()
    }
    pairs = {
        name: PairedAnswers(
            ids=each.ids,
            champion_right=answers[name].correct,
            candidate_right=results.answers[name].correct,
        )
        for name, each in results.sets.items()
    }
    comparison = gate.compare(champion.name, pairs)
    new_answers = (evaluate.evaluate_images(recognizer, new.images), results.new)
    return comparison, label_effects.describe_effects(
        comparison, results, answers, new, new_answers
    )


def _register(
    plan: TrainingPlan,
    results: EvaluationResults,
    compared: tuple[Comparison, LabelEffects] | None,
    record: Record,
) -> ModelVersion:
    """Register the model, and promote it if that was requested and the gate passed it."""
    comparison, effects = compared or (None, None)
    name = plan.request.name
    record.log(report.format_metrics(results.metrics))
    record.log(f"Model: {settings.MODELS_DIR / name}")
    record.log(f"Plots: {settings.IMAGES_DIR / name}")
    if comparison:
        record.log(report.format_comparison(comparison))
    with transaction.atomic():
        version = versions.register_model(
            name, asdict(comparison) if comparison else {}, asdict(effects) if effects else {}
        )
        runs.finish_run(record.run.pk, RunState.SUCCEEDED, result=version)
        if plan.request.promote and version.state == ModelState.CANDIDATE:
            try:
                version = versions.promote_model(name, reason=gettext_noop("It passed the gate."))
            except RuleBroken as error:  # it was trained on an image that was deleted meanwhile
                record.log(str(error))
        if version.state == ModelState.CANDIDATE:
            candidate = {
                "name": name,
                "against": comparison and comparison.against,
                "reason": comparison and comparison.reason,
            }
            events.publish_event(Event.MODEL_CANDIDATE, [candidate])
    return version
