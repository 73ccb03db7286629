"""Command that goes back to the previous champion."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import versions


class Command(BaseCommand):
    help = "Promote the previous champion. Running it again undoes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why you roll back, for the history"
        )

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        try:
            version = versions.rollback(reason=reason)
        except (ArtifactError, RuleBroken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.name} is the champion again.")
