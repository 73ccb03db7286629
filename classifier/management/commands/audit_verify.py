from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from classifier.management.base import FileCommand
from classifier.monitoring import audit_log


class Command(FileCommand):
    help = (
        "Verify that no entry of the audit log is changed or missing. With a file, verify that "
        "export, and that the database still has its entries."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="an export")

    def handle(self, *_: Any, file: Path | None, **options: Any) -> None:
        faults = [finding.fault for finding in audit_log.verify_chain()]
        for fault in faults:
            self.stdout.write(f"{audit_log.PLACE}: {fault}")
        if faults:
            raise CommandError(f"{len(faults)} faults. {audit_log.ADVICE}")
        if file is None:
            self.stdout.write("The audit log is whole.")
            return
        try:
            with file.open() as export:
                count = audit_log.verify_export(export)
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} can't be read: {error}") from error
        self.stdout.write(f"The export is genuine, and its {count} entries are in the database.")
