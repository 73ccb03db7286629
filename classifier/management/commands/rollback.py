"""Goes back to the champion before this one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.artifact import ArtifactError
from classifier.services import RuleBroken, versions


class Command(BaseCommand):
    help = "Promotes the model that served before the champion. A second time undoes the first."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = versions.rollback()
        except (ArtifactError, RuleBroken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.name} is the champion again.")
