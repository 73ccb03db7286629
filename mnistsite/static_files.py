"""Collect static files under names with a hash of their content."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Folders of pages that this project does not serve.
IGNORED = ["redoc", "rest_framework"]


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    support_js_module_import_aggregation = True


def collect_changed() -> None:
    """Run `collectstatic` if any file or the storage changed since the last run."""
    fingerprint_file: Path = settings.STATIC_ROOT / ".fingerprint"
    fingerprint = _compute_fingerprint()
    if fingerprint_file.exists() and fingerprint_file.read_text() == fingerprint:
        return
    fingerprint_file.unlink(missing_ok=True)  # an interrupted run is repeated
    call_command(
        "collectstatic", clear=True, ignore_patterns=IGNORED, verbosity=0, interactive=False
    )
    fingerprint_file.write_text(fingerprint)


def _compute_fingerprint() -> str:
    """Hash the storage and each file's name, size and time of modification."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list(IGNORED):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{storage.path(path)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
