from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command

from classifier.backups.restoration import restore_backup
from classifier.management.base import FileCommand


class Command(FileCommand):
    help = (
        "Restore a backup into an empty database and an empty MEDIA_ROOT, and verify everything. "
        "Nothing is overwritten. After an interruption, run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, help="one backup, such as /backup/20261126-023300")
        parser.add_argument(
            "--other-key",
            action="store_true",
            help="restore although the site has another SECRET_KEY than before",
        )

    def handle(self, *_: Any, dir: Path, other_key: bool, **options: Any) -> None:
        manifest = restore_backup(dir, other_key)
        rows = sum(table.rows for table in manifest.tables)
        self.stdout.write(
            f"Restored {rows} rows and {manifest.uploads - len(manifest.deleted)} uploads as of "
            f"{manifest.created_at[:19].replace('T', ' ')} UTC."
        )
        call_command("verify", stdout=self.stdout)
