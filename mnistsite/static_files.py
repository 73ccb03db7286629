"""Static files under names that change with their content, where modules import them too."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Of packages whose pages this project does not serve.
IGNORED = ["redoc", "rest_framework"]


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    support_js_module_import_aggregation = True


def collect_changed() -> None:
    """Run `collectstatic` unless the files are those that it collected last."""
    fingerprint_file: Path = settings.STATIC_ROOT / ".fingerprint"
    fingerprint = _fingerprint()
    if fingerprint_file.exists() and fingerprint_file.read_text() == fingerprint:
        return
    fingerprint_file.unlink(missing_ok=True)  # it must not describe a half of both
    call_command(
        "collectstatic", clear=True, ignore_patterns=IGNORED, verbosity=0, interactive=False
    )
    fingerprint_file.write_text(fingerprint)


def _fingerprint() -> str:
    """Return a digest of the storage, and of every file's name, size and time of modification."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list(IGNORED):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{storage.path(path)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
