"""Evaluates a model on the test split, or on labelled pictures."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from classifier.management.base import ProductCommand
from classifier.models import ModelVersion
from classifier.recognition.recognizer import Recognizer
from classifier.registry.serving import BUNDLED, find_model_folder
from training.data import database
from training.evaluation import evaluate, labelled_files, transcription
from training.evaluation.evaluate import EvaluatedPictures

ROWS = {
    "digits": "digits",
    "accuracy": "accuracy",
    "macro_accuracy_by_source": "  mean of sources",
    "coverage": "accepted as a digit",
    "accuracy_at_digit": "  of these right",
    "non_digits": "non-digits",
    "non_digits_refused": "  of these refused",
    "auroc": "AUROC",
    "fpr95": "FPR95",
    "ece": "ECE",
    "nll": "NLL (nats)",
    "brier": "Brier",
}
STRING_ROWS = {
    "pictures": "strings of digits",
    "whole_string_right": "whole string right",
    "coverage": "accepted as a digit",
    "accuracy_at_digit": "  of these right",
    "characters": "characters",
    "character_error_rate": "character errors",
    "ece": "ECE",
}
SHARES = ("accuracy", "coverage", "refused", "ece", "fpr95", "right", "error_rate")
COLUMN = 24


class Command(ProductCommand):
    help = (
        "Evaluates a model on the test split in the database or, with --folder or --npz, on "
        "pictures. Prints a table on a terminal, JSON elsewhere."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--model", metavar="NAME", help="model to evaluate; default: the champion"
        )
        parser.add_argument(
            "--folder",
            type=Path,
            metavar="DIR",
            help="pictures in sub-folders 0 to 9, none (not digits) and several (see index.csv)",
        )
        parser.add_argument(
            "--npz",
            type=Path,
            action="append",
            default=[],
            metavar="PATH",
            help="arrays x (N×H×W uint8, ink bright) and y (N digits); without y, non-digits",
        )
        parser.add_argument("--json", action="store_true", help="print JSON on a terminal too")
        parser.add_argument(
            "--plots",
            type=Path,
            metavar="DIR",
            help="write confusion, reliability and risk–coverage plots to DIR as PNG",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        recognizer = Recognizer(find_model_folder(options["model"] or find_champion_name()))
        parts = evaluate_parts(recognizer, options["folder"], options["npz"])
        strings = measure_strings(recognizer, options["folder"])
        report = {"model": recognizer.name, **measure_parts(parts), **strings}
        if options["plots"]:
            draw_plots(parts, recognizer.name, options["plots"])
        as_json = options["json"] or not sys.stdout.isatty()
        self.stdout.write(json.dumps(report, indent=2) if as_json else format_table(report))


def find_champion_name() -> str:
    """Return the champion, or the bundled model if there is no champion or no database."""
    try:
        champion = ModelVersion.objects.champion()
    except DatabaseError:
        return BUNDLED
    return champion.name if champion else BUNDLED


def evaluate_parts(
    recognizer: Recognizer, folder: Path | None, npz: list[Path]
) -> dict[str, EvaluatedPictures]:
    """Return the answers for single digits and non-digits, by the name of their source."""
    if not folder and not npz:
        test = database.load_test_split()
        if not test.ids:
            raise CommandError("There is no test split yet. Load it: python manage.py loadmnist")
        return {"test split": evaluate.evaluate_images(recognizer, test.images)}
    parts = {
        str(path): labelled_files.evaluate_pictures(labelled_files.read_npz(path), recognizer)
        for path in npz
    }
    pictures = labelled_files.read_folder(folder) if folder else iter(())
    if first := next(pictures, None):
        evaluated = labelled_files.evaluate_pictures(chain([first], pictures), recognizer)
        parts[str(folder)] = evaluated
    return parts


def measure_strings(recognizer: Recognizer, folder: Path | None) -> dict[str, Any]:
    pictures = labelled_files.read_strings(folder) if folder else []
    if not pictures:
        return {}
    metrics = transcription.measure(labelled_files.transcribe(pictures, recognizer))
    return {"several": asdict(metrics)}


def measure_parts(parts: dict[str, EvaluatedPictures]) -> dict[str, Any]:
    """Return the metrics of all parts and, under `each`, of every part if there are several."""
    if not parts:
        return {}
    report = asdict(evaluate.measure(EvaluatedPictures.join([*parts.values()])))
    if len(parts) > 1:
        report["each"] = {name: asdict(evaluate.measure(part)) for name, part in parts.items()}
    return report


def draw_plots(parts: dict[str, EvaluatedPictures], model: str, folder: Path) -> None:
    from training.evaluation import plots

    if not parts:
        raise CommandError("--plots needs pictures of one digit: sub-folders named 0 to 9.")
    pictures = EvaluatedPictures.join([*parts.values()])
    folder.mkdir(parents=True, exist_ok=True)
    plots.plot_evaluation(pictures, f"{model}: {len(pictures.digits.truth):,} digits", folder)


def format_table(report: dict[str, Any]) -> str:
    """Format a column for all parts and, if there are several, one for each."""
    columns = {report["model"]: report, **report.get("each", {})}
    titles = [Path(name).name[-COLUMN + 1 :] for name in columns]
    lines = [_format_row("", titles), *_format_rows(ROWS, [*columns.values()])]
    return "\n".join(lines + _format_rows(STRING_ROWS, [report.get("several", {})]))


def _format_rows(titles: dict[str, str], columns: list[dict[str, Any]]) -> list[str]:
    return [
        _format_row(title, [_format_metric(name, column) for column in columns])
        for name, title in titles.items()
        if any(name in column for column in columns)
    ]


def _format_row(title: str, values: list[str]) -> str:
    return f"{title:<20}" + "".join(f"{value:>{COLUMN}}" for value in values)


def _format_metric(name: str, column: dict[str, Any]) -> str:
    """Format a share in per cent, with its interval if it has one."""
    value = column.get(name)
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if not any(word in name for word in SHARES):
        return f"{value:.4f}"
    if bounds := column.get(f"{name}_interval"):
        low, high = (100 * bound for bound in bounds)
        return f"{value:.2%} ({low:.2f}–{high:.2f})"
    return f"{value:.2%}"
