import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from classifier.management.base import FileCommand
from classifier.registry import receipts


class Command(FileCommand):
    help = (
        "Verify that this site issued the receipt of a deletion, and print what it says. Receipts "
        "come from /api/uploads/UUID/receipt."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="file of the receipt")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            receipt = receipts.verify_receipt(json.loads(file.read_text()))
        except ValueError as error:
            raise CommandError(f"{file} is not JSON: {error}") from error
        images = len(receipt["images"])
        self.stdout.write(
            f"The receipt is valid. {images} image{'s' if images > 1 else ''} of upload "
            f"{receipt['upload']} had a label and {'were' if images > 1 else 'was'} deleted at "
            f"{receipt['deleted_at']}."
        )
        for name, until in receipt["served_until"].items():
            state = f"served until {until}" if until else "was still in service"
            self.stdout.write(f"Model {name}, which was trained on it, {state}.")
        forgotten = receipt["forgotten_at"]
        self.stdout.write(f"Forgotten: {f'since {forgotten}' if forgotten else 'not yet'}.")
