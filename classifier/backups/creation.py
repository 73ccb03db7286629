"""Creation of a backup while the site runs.

One snapshot of the database comes first, and then the files of its rows: an upload's file is stored
before its rows, and deleted after them.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from classifier.backups import files, tables
from classifier.backups.files import CopyCounts
from classifier.backups.manifest import DATABASE, MANIFEST, BackupError, Manifest, Table, get_key_id
from classifier.models import ModelVersion, Upload
from classifier.registry import serving
from classifier.uploads import media_store

NAME_FORMAT = "%Y%m%d-%H%M%S"


@dataclass(frozen=True)
class Snapshot:
    """The database at one moment: its dumped tables, and the files that belong to it."""

    tables: list[Table]
    originals: list[tuple[str, str, int]]
    models: list[str]
    migrations: list[list[str]]
    store_id: str | None


@dataclass(frozen=True)
class Backup:
    """A finished backup."""

    folder: Path
    manifest: Manifest
    originals: CopyCounts


def create_backup(parent: Path) -> Backup:
    """Create a backup in a new folder below `parent`. Raise BackupError, NoStorage or OSError.

    The folder gets its name when it is complete.
    """
    media_store.check_folder()
    created_at = timezone.now()
    name, key_id = created_at.strftime(NAME_FORMAT), get_key_id()
    if (parent / name).exists():
        raise BackupError(f"{parent / name} exists. Try again in a second.")
    with _lock_folder(parent):
        part, earlier = parent / f".{name}.part", find_newest(parent)
        _make_private_folder(part)
        snapshot = _take_snapshot(part / DATABASE)
        counts, lost = _copy_originals(snapshot.originals, part, earlier)
        for model in snapshot.models:
            files.copy_model(serving.find_model_folder(model), part, earlier)
        manifest = _build_manifest(snapshot, lost, created_at.isoformat(), key_id)
        manifest.write(part)
        os.sync()
        part.rename(parent / name)
        os.sync()
    return Backup(parent / name, manifest, counts)


@contextmanager
def _lock_folder(parent: Path) -> Iterator[None]:
    """Hold a lock while a backup is made. Raise BackupError if another one is being made."""
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup is being made in {parent}.") from None
        yield


def _build_manifest(snapshot: Snapshot, lost: list[str], created_at: str, key_id: str) -> Manifest:
    """Describe the backup. An upload without its file is damaged if it still exists."""
    uploads = Upload.objects.filter(pk__in=lost).values_list("pk", "file")
    damaged = {str(pk): name for pk, name in uploads}
    return Manifest(
        created_at=created_at,
        migrations=snapshot.migrations,
        tables=snapshot.tables,
        sequences=tables.read_sequences(),
        uploads=len(snapshot.originals),
        deleted=[pk for pk in lost if pk not in damaged],
        missing=[*damaged.values()],
        models=snapshot.models,
        store_id=snapshot.store_id,
        key_id=key_id,
    )


def find_newest(parent: Path) -> Path | None:
    """Return the newest complete backup below a folder."""
    return max((path.parent for path in parent.glob(f"[0-9]*/{MANIFEST}")), default=None)


def _make_private_folder(part: Path) -> None:
    """Create the folder that becomes the backup, and remove those of backups that were killed."""
    for stale in part.parent.glob(".*.part"):
        shutil.rmtree(stale)
    part.mkdir(mode=0o700)


@transaction.atomic
def _take_snapshot(folder: Path) -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    dumped = tables.dump_tables(folder)
    originals = Upload.objects.values_list("pk", "file", "size")
    models = ModelVersion.objects.order_by("name").values_list("name", flat=True)
    store_id = media_store.get_store_id()
    return Snapshot(
        tables=dumped,
        originals=[(str(pk), name, size) for pk, name, size in originals.iterator()],
        models=[name for name in models if _is_own_model(name)],
        migrations=[[*key] for key in MigrationRecorder(connection).applied_migrations()],
        store_id=str(store_id) if store_id else None,
    )


def _is_own_model(name: str) -> bool:
    """Return whether a model has a folder that does not come with the project."""
    folder = serving.find_model_folder(name)
    return folder.is_dir() and folder != settings.BUNDLED_MODELS_DIR / serving.BUNDLED


def _copy_originals(
    originals: list[tuple[str, str, int]], backup: Path, earlier: Path | None
) -> tuple[CopyCounts, list[str]]:
    """Copy the files of uploads; also return the uploads whose files are not stored any more."""
    total, lost = CopyCounts(), []
    for pk, name, size in originals:
        try:
            counts = files.copy_original(name, size, backup, earlier)
        except FileNotFoundError:
            lost.append(pk)
            continue
        total.linked += counts.linked
        total.copied += counts.copied
        total.copied_bytes += counts.copied_bytes
    return total, lost
