"""The manifest of a backup, which is written last: a folder without one is not a backup."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.utils.crypto import salted_hmac

from classifier.errors import RuleBroken

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE, MEDIA, MODELS = "database", "media", "models"
KEY_SALT = "classifier.backups"


class BackupError(RuleBroken):
    """A backup that can't be made or restored."""


@dataclass(frozen=True)
class Table:
    """A table's rows, in the file `name`.copy.gz in the format of COPY; `sha256` is the file's."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The content of a backup.

    `deleted` lists the uploads that were deleted after their rows were copied and before their
    files were: restoring deletes them too. `missing` names the files that the site itself had lost.
    `key_id` identifies the site's SECRET_KEY.
    """

    created_at: str
    migrations: list[list[str]]
    tables: list[Table]
    sequences: dict[str, int]
    uploads: int
    deleted: list[str]
    missing: list[str]
    models: list[str]
    store_id: str | None
    key_id: str
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in a folder. Raise BackupError."""
    try:
        content = json.loads((folder / MANIFEST).read_text())
        tables = [Table(**table) for table in content.pop("tables")]
        manifest = Manifest(**content, tables=tables)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{folder} is not a complete backup: {error}") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{folder} has format {manifest.format}; this version reads {FORMAT}.")
    return manifest


def get_key_id() -> str:
    """Return a hash that identifies SECRET_KEY. Raise ImproperlyConfigured if there is none."""
    return salted_hmac(KEY_SALT, "key", algorithm="sha256").hexdigest()[:16]
