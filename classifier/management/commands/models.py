from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.text import Truncator

from classifier.models import ModelState
from classifier.registry import versions

NO_MODELS = "There are no registered models. Register one: python manage.py promote NAME"


class Command(BaseCommand):
    help = (
        "List the registered models, newest first: name, state, accuracy on the test split, when "
        "each was created and last promoted, or why it was rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeline", action="store_true", help="list which model served when")

    def handle(self, *args: Any, timeline: bool, **options: Any) -> None:
        if timeline:
            lines = [format_period(promotion) for promotion in versions.list_serving_periods()]
        else:
            lines = [format_version(version) for version in versions.list_versions()]
        self.stdout.write("\n".join(lines) or NO_MODELS)


def format_version(version: Any) -> str:
    accuracy = version.metrics.get("test", {}).get("accuracy")
    formatted = "not measured" if accuracy is None else f"{accuracy:.2%}"
    notes = [format_time(version.created_at)]
    if version.promoted_at:
        notes.append(f"promoted {format_time(version.promoted_at)}")
    if version.state == ModelState.REJECTED:
        notes.append(Truncator(version.comparison_summary["reason"]).chars(80))
    if versions.summarize_snapshot(version.snapshot_summary).is_sample:
        notes.append("SAMPLE of MNIST")
    return f"{version.name:<24} {version.state:<10} {formatted:>12}  {'  '.join(notes)}"


def format_period(promotion: Any) -> str:
    until = format_time(promotion.until) if promotion.until else "now"
    promoter = f"{promotion.by or '–'}, {promotion.get_via_display()}"
    line = f"{format_time(promotion.at)} – {until:<16}  {promotion.model.name:<24} {promoter}"
    return f"{line}  {promotion.reason}".rstrip()


def format_time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
