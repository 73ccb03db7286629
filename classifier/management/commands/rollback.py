"""Goes back to the champion before this one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import versions


class Command(BaseCommand):
    help = "Promotes the model that served before the champion. A second time undoes the first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, to keep on record")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        try:
            version = versions.rollback(reason=reason)
        except (ArtifactError, RuleBroken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.name} is the champion again.")
