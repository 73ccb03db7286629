from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from classifier.management.base import FileCommand
from classifier.monitoring import audit_log


class Command(FileCommand):
    help = (
        "Write the audit log to a new file, as JSON lines with a signature at the end. Keep it "
        "where nobody can change it; `audit_verify` compares it with the database later."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="file that does not exist yet")

    def handle(self, *_: Any, file: Path, **options: Any) -> None:
        with file.open("x") as output:
            count = audit_log.export_entries(output)
        self.stdout.write(f"{file}: {count} entries.")
