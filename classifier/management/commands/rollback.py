from argparse import ArgumentParser
from typing import Any

from classifier.management.base import ProductCommand
from classifier.registry import versions


class Command(ProductCommand):
    help = "Promote the previous champion. Running it again undoes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why you roll back, for the history"
        )

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        version = versions.roll_back(reason=reason)
        self.stdout.write(f"{version.name} is the champion again.")
