"""The model folder: its format, reading, checking, and publishing it whole or not at all."""

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
GRAPH = "model.tflite"
REJECTOR = "rejector.npz"
EXEMPLARS = "exemplars.npz"  # a folder may be without
LINES = "lines.tflite"  # the line reader; a folder may be without
WEIGHTS = "weights.npz"  # to fine-tune from
THRESHOLDS = {"confidence", "rejection", "distance"}
STALE_AFTER_S = 24 * 3600


class ArtifactError(Exception):
    """A model folder that can't be used; the message says why and what to do."""


class MissingArtifact(ArtifactError):
    """There is no such folder, or it has no manifest."""


class DamagedArtifact(ArtifactError):
    """A file is missing or is not what the manifest says."""


class IncompatibleArtifact(ArtifactError):
    """The folder has another format than this version of the project reads."""


@dataclass(frozen=True)
class Manifest:
    """What a model folder says of itself.

    A verdict is `digit` from `thresholds["confidence"]` (0 to 1) on, and up to
    `thresholds["rejection"]` (0 to 1) and `thresholds["distance"]` (0 on); `files` maps each
    file's name to its sha256. `certificates` bound the errors behind verdict `digit`, and
    `line_confidence` are the fields of a LineConfidence; a folder may be without.
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


def sha256(path: Path) -> str:
    return _digest(path.read_bytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(folder: Path) -> Manifest:
    """The manifest of a folder whose every file is what the manifest says.

    Raises MissingArtifact, IncompatibleArtifact or DamagedArtifact.
    """
    manifest, _ = read_manifest(folder)
    for name in manifest.files:
        read_file(folder, manifest, name)
    return manifest


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Return the manifest and its own sha256. Raises as `read` does."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingArtifact(
            f"There is no model in {folder}: {MANIFEST} is missing. "
            "List the models on record: python manage.py models"
        ) from error
    except OSError as error:
        raise DamagedArtifact(f"{path} can't be read: {error.strerror}.") from error
    return _parse(path, content), _digest(content)


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return the content of a file that is what the manifest says. Raises DamagedArtifact."""
    path = folder / name
    if name not in manifest.files:
        raise DamagedArtifact(f"{folder / MANIFEST} is damaged: it has no checksum of {name}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedArtifact(
            f"{path} can't be read: {error.strerror}. Restore the folder or train again."
        ) from error
    if _digest(content) != manifest.files[name]:
        raise DamagedArtifact(f"{path} is damaged: its checksum differs from the manifest's.")
    return content


def _parse(path: Path, content: bytes) -> Manifest:
    try:
        values = json.loads(content)
        found = values["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(f"{path} is not a model's manifest: {error!r}") from error
    if found != FORMAT:
        raise IncompatibleArtifact(
            f"{path} has format {found!r}; this version of the project reads {FORMAT}. Train again."
        )
    try:
        certificates = tuple(map(Certificate.from_json, values.pop("certificates", ())))
        manifest = Manifest(**values, certificates=certificates)
    except TypeError as error:
        raise DamagedArtifact(f"{path} is not a model's manifest: {error}") from error
    if not isinstance(manifest.files, dict) or not set(manifest.thresholds) >= THRESHOLDS:
        raise DamagedArtifact(f"{path} is not a model's manifest: files or thresholds are wrong.")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest, with the checksums of all other files that the folder has so far."""
    others = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    files = {path.name: sha256(path) for path in others}
    values = asdict(manifest) | {"files": files}
    (folder / MANIFEST).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def publishing(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes its name at once when the block ends well.

    Raises FileExistsError if the name is taken. If the block raises, nothing is left behind.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; choose another name.")
    make_folder(folder.parent)
    _remove_stale(folder.parent)
    aside = folder.with_name(f".{folder.name}.{uuid4().hex}.part")
    aside.mkdir()
    try:
        yield aside
        for path in (*aside.iterdir(), aside):
            fsync(path)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    fsync(folder.parent)


def _remove_stale(parent: Path) -> None:
    """A killed process could not clean up after itself; a living one is younger than this."""
    for path in parent.glob(".*.part"):
        if time.time() - path.stat().st_mtime > STALE_AFTER_S:
            shutil.rmtree(path, ignore_errors=True)
