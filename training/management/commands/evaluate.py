"""Measures a model on the test split, or on pictures through the whole path."""

import json
import sys
from argparse import ArgumentParser
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from classifier.models import ModelVersion
from classifier.recognition.model_folder import ArtifactError
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from classifier.registry.serving import BUNDLED, find_model_folder
from training.data import database
from training.evaluation import evaluate, labelled_files, transcription
from training.evaluation.evaluate import Answers

ROWS = {
    "digits": "digits",
    "accuracy": "accuracy",
    "macro_accuracy_by_source": "  mean of sources",
    "coverage": "called digit",
    "accuracy_at_digit": "  of these right",
    "non_digits": "non-digits",
    "non_digits_refused": "  of these refused",
    "auroc": "AUROC",
    "fpr95": "FPR95",
    "ece": "ECE",
    "nll": "NLL (nats)",
    "brier": "Brier",
}
ROWS_OF_STRINGS = {
    "pictures": "strings of digits",
    "whole_string_right": "whole string right",
    "coverage": "called digit",
    "accuracy_at_digit": "  of these right",
    "characters": "characters",
    "character_error_rate": "character errors",
}
SHARES = ("accuracy", "coverage", "refused", "ece", "fpr95", "right", "error_rate")
COLUMN = 24


class Command(BaseCommand):
    help = (
        "Measures a model: on the test split in the database or, with --folder or --npz, on "
        "pictures. Prints a table on a terminal, JSON elsewhere."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", metavar="NAME", help="by default the champion")
        parser.add_argument(
            "--folder",
            type=Path,
            metavar="DIR",
            help="with sub-folders 0…9, none (not a digit) and several (read out in index.csv)",
        )
        parser.add_argument(
            "--npz",
            type=Path,
            action="append",
            default=[],
            metavar="PATH",
            help="x: N×H×W uint8, ink bright; y: N digits, without it all are non-digits",
        )
        parser.add_argument("--json", action="store_true", help="JSON on a terminal too")
        parser.add_argument(
            "--plots",
            type=Path,
            metavar="DIR",
            help="write confusion, reliability and risk–coverage there, as PNG",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            recognizer = Recognizer(find_model_folder(options["model"] or champion_name()))
            parts = answered(recognizer, options["folder"], options["npz"])
            several = measure_strings(recognizer, options["folder"])
        except (ArtifactError, labelled_files.Unreadable) as error:
            raise CommandError(str(error)) from error
        report = {"model": recognizer.name, **figures(parts), **several}
        if options["plots"]:
            draw(parts, recognizer.name, options["plots"])
        as_json = options["json"] or not sys.stdout.isatty()
        self.stdout.write(json.dumps(report, indent=2) if as_json else table(report))


def champion_name() -> str:
    """The bundled model where no database names a champion: pictures can be measured without."""
    try:
        champion = ModelVersion.objects.champion()
    except DatabaseError:
        return BUNDLED
    return champion.name if champion else BUNDLED


def answered(recognizer: Recognizer, folder: Path | None, npz: list[Path]) -> dict[str, Answers]:
    """The answers to all pictures of one digit or none, by the name of where they are from."""
    if not folder and not npz:
        return {"test split": _of_test_split(recognizer)}
    parts = {
        str(path): labelled_files.judge(labelled_files.in_npz(path), recognizer) for path in npz
    }
    labelled = labelled_files.in_folder(folder) if folder else iter(())
    if first := next(labelled, None):
        parts[str(folder)] = labelled_files.judge(chain([first], labelled), recognizer)
    return parts


def _of_test_split(recognizer: Recognizer) -> Answers:
    test = database.test_split()
    if not test.ids:
        raise labelled_files.Unreadable(
            "There is no test split yet. Load it: python manage.py loadmnist"
        )
    return evaluate.of_images(recognizer, test.images)


def measure_strings(recognizer: Recognizer, folder: Path | None) -> dict[str, Any]:
    several = list(labelled_files.several_in_folder(folder)) if folder else []
    if not several:
        return {}
    return {"several": transcription.figures(labelled_files.transcribe(several, recognizer))}


def figures(parts: dict[str, Answers]) -> dict[str, Any]:
    """Everything together and, where that is more than one thing, `each`."""
    if not parts:
        return {}
    report = evaluate.figures(Answers.join([*parts.values()]))
    if len(parts) > 1:
        report["each"] = {name: evaluate.figures(part) for name, part in parts.items()}
    return report


def draw(parts: dict[str, Answers], model: str, folder: Path) -> None:
    from training.evaluation import plots

    if not parts:
        raise CommandError("--plots needs pictures of one digit: sub-folders named 0 to 9.")
    answers = Answers.join([*parts.values()])
    folder.mkdir(parents=True, exist_ok=True)
    plots.of_answers(answers, f"{model}: {(answers.truth != NOT_A_DIGIT).sum():,} digits", folder)


def table(report: dict[str, Any]) -> str:
    """A column for everything together and, where that is more than one thing, for each."""
    columns = {report["model"]: report, **report.get("each", {})}
    titles = [Path(name).name[-COLUMN + 1 :] for name in columns]
    lines = [_line("", titles), *_rows(ROWS, [*columns.values()])]
    return "\n".join(lines + _rows(ROWS_OF_STRINGS, [report.get("several", {})]))


def _rows(names: dict[str, str], columns: list[dict[str, Any]]) -> list[str]:
    return [
        _line(name, [format_figure(key, column) for column in columns])
        for key, name in names.items()
        if any(key in column for column in columns)
    ]


def _line(name: str, values: list[str]) -> str:
    return f"{name:<20}" + "".join(f"{value:>{COLUMN}}" for value in values)


def format_figure(key: str, column: dict[str, Any]) -> str:
    """Return a figure with its interval, if it has one; shares are in per cent."""
    value = column.get(key)
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if not any(word in key for word in SHARES):
        return f"{value:.4f}"
    if bounds := column.get(f"{key}_interval"):
        low, high = (100 * bound for bound in bounds)
        return f"{value:.2%} ({low:.2f}–{high:.2f})"
    return f"{value:.2%}"
