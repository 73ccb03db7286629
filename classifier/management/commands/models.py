"""Lists the models on record."""

from typing import Any

from django.core.management.base import BaseCommand

from classifier.models import ModelVersion


class Command(BaseCommand):
    help = "Lists the models on record, newest first: name, state, accuracy on the test split."

    def handle(self, *args: Any, **options: Any) -> None:
        versions = ModelVersion.objects.order_by("-id")
        if not versions:
            self.stdout.write("No model is on record. Register one: python manage.py promote NAME")
        for version in versions:
            self.stdout.write(describe(version))


def describe(version: ModelVersion) -> str:
    accuracy = version.metrics.get("test", {}).get("accuracy")
    measured = "not measured" if accuracy is None else f"{accuracy:.2%}"
    sample = "  SAMPLE of MNIST" if version.is_sample else ""
    date = f"{version.created_at:%Y-%m-%d %H:%M}"
    return f"{version.name:<24} {version.state:<10} {measured:>12}  {date}{sample}"
