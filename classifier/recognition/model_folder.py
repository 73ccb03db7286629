"""The format of model folders: reads, verifies and writes them."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from classifier.recognition.certificate import Certificate
from classifier.recognition.durable_files import fsync, make_folder

FORMAT = 2
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"  # optional
GRAPH = "model.tflite"
REJECTOR = "rejector.npz"
EXEMPLARS = "exemplars.npz"  # optional
LINES = "lines.tflite"  # the line reader, optional
INK = "ink.tflite"  # the ink finder, optional
WEIGHTS = "weights.npz"  # for fine-tuning
THRESHOLDS = {"confidence", "rejection", "distance"}
STALE_AFTER_S = 24 * 3600


class ArtifactError(Exception):
    """A model folder that can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """The description of a model.

    The verdict is `digit` if the confidence is at least `thresholds["confidence"]` (0 to 1), the
    rejection score at most `thresholds["rejection"]` (0 to 1) and the distance at most
    `thresholds["distance"]` (from 0). `certificates` bound the errors behind that verdict;
    `line_confidence` holds the fields of a LineConfidence. `files` maps names to sha256 checksums.
    """

    name: str
    created_at: str
    configuration: dict[str, Any]
    dataset: dict[str, Any]
    metrics: dict[str, Any]
    thresholds: dict[str, float]
    temperature: float = 1.0
    certificates: tuple[Certificate, ...] = ()
    line_confidence: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def verify(folder: Path, checksum: str | None = None) -> Manifest:
    """Check every file against the manifest, and return the manifest.

    Raise ArtifactError, also if the manifest has not the `checksum`.
    """
    manifest, _ = read_manifest(folder, checksum)
    for name in manifest.files:
        read_file(folder, manifest, name)
    return manifest


def read_manifest(folder: Path, checksum: str | None = None) -> tuple[Manifest, str]:
    """Return the manifest and its own sha256. Raise what `verify` raises."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no model in {folder}: {MANIFEST} is missing. "
            "List the registered models: python manage.py models"
        ) from error
    except OSError as error:
        raise ArtifactError(f"{path} can't be read: {error.strerror}.") from error
    if checksum not in (None, _hash(content)):
        raise ArtifactError(
            f"{folder} is not the model that was registered: its manifest has another "
            "checksum. Restore the folder, or promote another model."
        )
    return _parse(path, content), _hash(content)


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return the content of a file. Raise ArtifactError if it does not match the manifest."""
    path = folder / name
    if name not in manifest.files:
        raise ArtifactError(f"{folder / MANIFEST} is damaged: it has no checksum of {name}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{path} can't be read: {error.strerror}. Restore the folder or train again."
        ) from error
    if _hash(content) != manifest.files[name]:
        raise ArtifactError(f"{path} is damaged: its checksum differs from the manifest's.")
    return content


def _parse(path: Path, content: bytes) -> Manifest:
    try:
        values = json.loads(content)
        stored_format = values["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a model's manifest: {error!r}") from error
    if stored_format != FORMAT:
        raise ArtifactError(
            f"{path} has format {stored_format!r}; this version of the project reads {FORMAT}. "
            "Train again."
        )
    try:
        certificates = tuple(Certificate(**each) for each in values.pop("certificates", ()))
        manifest = Manifest(**values, certificates=certificates)
    except TypeError as error:
        raise ArtifactError(f"{path} is not a model's manifest: {error}") from error
    if not isinstance(manifest.files, dict) or not set(manifest.thresholds) >= THRESHOLDS:
        raise ArtifactError(f"{path} is not a model's manifest: files or thresholds are wrong.")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with the checksums of all other files in the folder."""
    paths = sorted(path for path in folder.iterdir() if path.name not in (MANIFEST, SIGNATURE))
    files = {path.name: hash_file(path) for path in paths}
    values = asdict(manifest) | {"files": files}
    (folder / MANIFEST).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def publishing(folder: Path) -> Iterator[Path]:
    """Provide a temporary folder that is renamed to `folder` when the block succeeds.

    Raise ArtifactError if the name is taken. If the block raises, nothing is left behind.
    """
    if folder.exists():
        raise ArtifactError(f"{folder} exists already; choose another name.")
    make_folder(folder.parent)
    _remove_stale(folder.parent)
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}.part")
    draft.mkdir()
    try:
        yield draft
        for path in (*draft.iterdir(), draft):
            fsync(path)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    fsync(folder.parent)


def _remove_stale(parent: Path) -> None:
    """Remove what killed processes left behind; a running one is younger than STALE_AFTER_S."""
    for path in parent.glob(".*.part"):
        if time.time() - path.stat().st_mtime > STALE_AFTER_S:
            shutil.rmtree(path, ignore_errors=True)
