from argparse import ArgumentParser
from typing import Any

from classifier.management.base import ProductCommand
from classifier.registry import versions


class Command(ProductCommand):
    help = (
        "Promote a model to champion. Running web workers switch to it within 2 seconds. A folder "
        "of MODELS_DIR that is not registered yet is registered first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the model or its folder")
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why you promote it, for the history"
        )
        parser.add_argument(
            "--force", action="store_true", help="promote it even if it was rejected"
        )

    def handle(self, *args: Any, name: str, reason: str, force: bool, **options: Any) -> None:
        version = versions.promote_model(name, reason=reason, force=force)
        self.stdout.write(f"{version.name} is now the champion.")
