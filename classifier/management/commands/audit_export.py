"""Command that exports the audit log."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from classifier.management.base import ProductCommand
from classifier.monitoring import audit_log


class Command(ProductCommand):
    help = (
        "Write the audit log to a new file, as JSON lines with a signature at the end. Keep it "
        "where nobody can change it; `audit_verify` compares it with the database later."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="file that does not exist yet")

    def handle(self, *_: Any, file: Path, **options: Any) -> None:
        try:
            with file.open("x") as output:
                count = audit_log.export_entries(output)
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror}.") from error
        self.stdout.write(f"{file}: {count} entries.")
