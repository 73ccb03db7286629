"""Restoration of a backup into an empty database and an empty folder of uploads."""

from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from classifier.backups import files, tables
from classifier.backups.manifest import DATABASE, BackupError, Manifest, get_key_id, read_manifest
from classifier.models import InputImage, Upload
from classifier.recognition import model_folder
from classifier.registry import runs, serving, versions
from classifier.uploads import deletion
from classifier.uploads.media_store import FOLDER
from classifier.uploads.storage import DurableStorage


def restore_backup(backup: Path, other_key: bool = False) -> Manifest:
    """Restore everything, and return the manifest. Nothing that exists is overwritten.

    Files come first and the rows last, in one transaction: an interrupted restoration can be
    repeated. Raise BackupError, NoStorage or ArtifactError.
    """
    manifest = read_manifest(backup)
    _check_key(manifest, other_key)
    tables.check_tables(backup / DATABASE, manifest.tables)
    targets = _find_targets(manifest)
    _check_database_is_empty()
    _restore_models(manifest, backup)
    _prepare_folder(UUID(manifest.store_id) if manifest.store_id else None)
    MigrationExecutor(connection).migrate(targets)
    with transaction.atomic():
        tables.load_tables(backup / DATABASE, manifest.tables, manifest.sequences)
        deletion.delete_uploads([UUID(pk) for pk in manifest.deleted])
        _restore_originals(manifest, backup)
    call_command("migrate", verbosity=0)
    versions.promote_bundled_model()
    runs.fail_lost_runs()
    tables.analyze_tables()
    return manifest


def _check_key(manifest: Manifest, other_key: bool) -> None:
    if manifest.key_id != get_key_id() and not other_key:
        raise BackupError(
            "The site had another SECRET_KEY when the backup was made. Restore that key first. "
            "With --other-key, all delete keys, receipts and webhook secrets become invalid."
        )


def _find_targets(manifest: Manifest) -> list[tuple[str, str]]:
    """Return the newest migration of each application in the backup. Raise BackupError."""
    executor = MigrationExecutor(connection)
    recorded = {(app, name) for app, name in manifest.migrations}
    graph, applied = executor.loader.graph, set(executor.loader.applied_migrations)
    if unknown := recorded - graph.nodes.keys():
        app, name = min(unknown)
        raise BackupError(
            f"The backup was made by another version, with migration {app}.{name}. "
            "Restore it with that version, and upgrade afterwards."
        )
    if applied - recorded:
        raise BackupError("The database has newer tables than the backup. Use an empty database.")
    nodes = {key: graph.node_map[key] for key in sorted(recorded)}
    return [
        key
        for key, node in nodes.items()
        if not any(child.key[0] == key[0] and child.key in recorded for child in node.children)
    ]


def _check_database_is_empty() -> None:
    existing = connection.introspection.table_names()
    for model in (User, Upload, InputImage):
        if model._meta.db_table in existing and model._default_manager.exists():
            raise BackupError(
                f"The database has {model._meta.verbose_name_plural} already. Restore into an "
                "empty database."
            )


def _restore_models(manifest: Manifest, backup: Path) -> None:
    for name in manifest.models:
        files.restore_model(name, backup, settings.MODELS_DIR)
        model_folder.verify(serving.find_model_folder(name))


def _prepare_folder(store_id: UUID | None) -> None:
    """Mark MEDIA_ROOT as the folder of the backup's database. Raise BackupError or NoStorage."""
    if not isinstance(default_storage, DurableStorage):
        return
    store_id = store_id or uuid4()  # the backup is one of a bucket
    marker = default_storage.read_marker()
    is_empty = not any(Path(default_storage.path(FOLDER)).glob("*/*"))
    if marker is None and is_empty:
        default_storage.write_marker(store_id)
    elif marker != store_id:
        raise BackupError("MEDIA_ROOT holds other files already. Restore into an empty folder.")


def _restore_originals(manifest: Manifest, backup: Path) -> None:
    names = Upload.objects.exclude(file__in=manifest.missing).values_list("file", flat=True)
    for name in names.iterator():
        files.restore_original(name, backup)
