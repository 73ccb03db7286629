"""The base of the product's commands."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.recognition.model_folder import ArtifactError
from classifier.uploads.storage import NoStorage

NO_KEY = (
    "Set SECRET_KEY_FILE to the file of the site's key. For a site that was started by "
    "`make run`, it is var/secret_key."
)


class ProductCommand(BaseCommand):
    """A command that ends with the message of an error that its user can understand."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(NO_KEY if "SECRET_KEY" in str(error) else str(error)) from error
        except (ArtifactError, NoStorage, RuleBroken) as error:
            raise CommandError(str(error)) from error


class FileCommand(ProductCommand):
    """A command for files that its user names, which the system may refuse."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except OSError as error:
            raise CommandError(str(error)) from error
