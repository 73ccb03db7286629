from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from classifier.backups.creation import Backup, create_backup
from classifier.management.base import FileCommand


class Command(FileCommand):
    help = (
        "Make a backup of database, originals and models in a new folder below DIR, while the site "
        "runs. Files that the newest backup in DIR has are linked instead of copied."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, help="folder of all backups")
        parser.add_argument(
            "--keys",
            type=Path,
            metavar="DIR",
            help="also write the keys of the site into this folder, which must not be inside DIR",
        )

    def handle(self, *_: Any, dir: Path, keys: Path | None, **options: Any) -> None:
        if keys:
            write_keys(keys.resolve(), dir.resolve())
        backup = create_backup(dir)
        self.stdout.write(describe_backup(backup))
        if missing := len(backup.manifest.missing):
            raise CommandError(f"{missing} originals are missing: `manage.py verify` lists them.")


def write_keys(folder: Path, backups: Path) -> None:
    """Write the keys, readable only by their owner. Raise CommandError."""
    if folder.is_relative_to(backups):
        raise CommandError(
            "Choose a folder for the keys outside the backups, so that a stolen backup has none."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {"secret_key": settings.SECRET_KEY, "model_signing_key": settings.MODEL_SIGNING_KEY}
    for name, key in keys.items():
        if key:
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(key)


def describe_backup(backup: Backup) -> str:
    manifest, originals = backup.manifest, backup.originals
    rows = sum(table.rows for table in manifest.tables)
    return (
        f"{backup.folder}: {rows} rows of {len(manifest.tables)} tables, {originals.copied} new "
        f"originals ({originals.copied_bytes / 1e6:.1f} MB), {originals.linked} linked, "
        f"{len(manifest.models)} models besides the bundled one."
    )
