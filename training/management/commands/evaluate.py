"""Measures a model on the test split, or on pictures through the whole path."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from classifier.artifact import ArtifactError
from classifier.models import ModelState, ModelVersion
from classifier.recognizer import Recognizer
from classifier.serving import BUNDLED, model_folder
from training import dataset, evaluate, judged


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

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            recognizer = Recognizer(model_folder(options["model"] or champion_name()))
            report = measure(recognizer, options["folder"], options["npz"])
        except (ArtifactError, judged.Unreadable) as error:
            raise CommandError(str(error)) from error
        as_json = options["json"] or not sys.stdout.isatty()
        self.stdout.write(json.dumps(report, indent=2) if as_json else table(report))


def champion_name() -> str:
    """The bundled model where no database names a champion: pictures can be measured without."""
    try:
        champion = ModelVersion.objects.filter(state=ModelState.CHAMPION).first()
    except DatabaseError:
        return BUNDLED
    return champion.name if champion else BUNDLED


def measure(recognizer: Recognizer, folder: Path | None, npz: list[Path]) -> dict[str, Any]:
    """The figures over everything given and, where that is more than one thing, of each."""
    if not folder and not npz:
        return {"model": recognizer.name, **evaluate.figures(_test_split(recognizer))}
    parts = {str(path): judged.judge(judged.in_npz(path), recognizer) for path in npz}
    several = []
    if folder:
        parts[str(folder)] = judged.judge(judged.in_folder(folder), recognizer)
        several = list(judged.several_in_folder(folder))
    report = {
        "model": recognizer.name,
        **evaluate.figures(evaluate.Answers.join([*parts.values()])),
    }
    if several:
        report["several"] = judged.whole_strings_right(several, recognizer)
    if len(parts) > 1:
        report["each"] = {name: evaluate.figures(part) for name, part in parts.items()}
    return report


def _test_split(recognizer: Recognizer) -> evaluate.Answers:
    test = dataset.test_split()
    if not len(test):
        raise judged.Unreadable("There is no test split yet. Load it: python manage.py loadmnist")
    return evaluate.of_images(recognizer, test)


def table(report: dict[str, Any], indent: str = "") -> str:
    lines = []
    for name, value in report.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", table(value, indent + "  ")]
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else "–" if value is None else value
            lines.append(f"{indent}{name:<22} {shown}")
    return "\n".join(lines)
