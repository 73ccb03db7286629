"""The base of the product's commands."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.recognition.model_folder import ArtifactError
from classifier.uploads.storage import NoStorage


class ProductCommand(BaseCommand):
    """A command that ends with the message of an error that its user can understand."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (ArtifactError, NoStorage, RuleBroken) as error:
            raise CommandError(str(error)) from error
