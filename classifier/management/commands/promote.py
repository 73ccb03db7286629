"""Makes a model the one that serves."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import versions


class Command(BaseCommand):
    help = (
        "Makes a model the champion; running web workers take it up within 2 seconds. "
        "A folder of MODELS_DIR that is not on record yet is registered first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as `manage.py models` lists it")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, to keep on record")
        parser.add_argument("--force", action="store_true", help="even if it was rejected")

    def handle(self, *args: Any, name: str, reason: str, force: bool, **options: Any) -> None:
        try:
            version = versions.promote(name, reason=reason, force=force)
        except (ArtifactError, RuleBroken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.name} is the champion now.")
