"""Lists the models on record, or which of them served when."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.text import Truncator

from classifier.models import ModelState
from classifier.registry import versions

NONE = "No model is on record. Register one: python manage.py promote NAME"


class Command(BaseCommand):
    help = (
        "Lists the models on record, newest first: name, state, accuracy on the test split, when "
        "it was made and last promoted, or why it was rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeline", action="store_true", help="what was live when, instead")

    def handle(self, *args: Any, timeline: bool, **options: Any) -> None:
        lines = (
            map(describe_period, versions.list_serving_periods())
            if timeline
            else map(describe, versions.list_versions())
        )
        self.stdout.write("\n".join(lines) or NONE)


def describe(version: Any) -> str:
    accuracy = version.metrics.get("test", {}).get("accuracy")
    measured = "not measured" if accuracy is None else f"{accuracy:.2%}"
    notes = [minute(version.created_at)]
    if version.promoted_at:
        notes.append(f"promoted {minute(version.promoted_at)}")
    if version.state == ModelState.REJECTED:
        notes.append(Truncator(version.comparison_summary["reason"]).chars(80))
    if versions.summarize_snapshot(version.snapshot_summary).is_sample:
        notes.append("SAMPLE of MNIST")
    return f"{version.name:<24} {version.state:<10} {measured:>12}  {'  '.join(notes)}"


def describe_period(promotion: Any) -> str:
    until = minute(promotion.until) if promotion.until else "now"
    who = f"{promotion.by or '–'}, {promotion.get_via_display()}"
    line = f"{minute(promotion.at)} – {until:<16}  {promotion.model.name:<24} {who}"
    return f"{line}  {promotion.reason}".rstrip()


def minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"
