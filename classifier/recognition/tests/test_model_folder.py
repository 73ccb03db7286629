"""Publishing, reading and verifying model folders."""

import errno
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from classifier.recognition import model_folder
from classifier.recognition.model_folder import ArtifactError, Manifest
from classifier.tests import factories

MANIFEST = Manifest(
    name="première",
    created_at="2024-05-06T07:08:09+00:00",
    configuration={"members": 2},
    dataset={"images": 60_000},
    metrics={"test": {"accuracy": 0.99}},
    thresholds=factories.build_thresholds(),
    temperature=1.5,
    certificates=(factories.build_certificate(), factories.build_certificate(threshold=None)),
    libraries={"keras": "3"},
)
Damage = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "première"


def publish(folder: Path) -> None:
    with model_folder.publishing(folder) as draft:
        (draft / model_folder.GRAPH).write_bytes(b"a graph")
        model_folder.write_manifest(draft, MANIFEST)


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_folder_gets_its_name_when_it_is_complete(folder: Path) -> None:
    with model_folder.publishing(folder) as draft:
        (draft / "weights").write_bytes(b"all of them")
        assert not folder.exists()

    assert read_files(folder) == {"weights": b"all of them"}
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_block_that_raises_leaves_nothing_behind(folder: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with model_folder.publishing(folder) as draft:
            (draft / "weights").write_bytes(b"some of them")
            raise error

    with pytest.raises(error):
        fail()

    assert list(folder.parent.iterdir()) == []


def test_folder_gets_its_name_after_it_is_flushed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        assert not folder.exists()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="No space left"):
        publish(folder)

    assert list(folder.parent.iterdir()) == []


def test_taken_name_is_refused(folder: Path) -> None:
    publish(folder)
    before = read_files(folder)

    with pytest.raises(ArtifactError, match="choose another name"):
        publish(folder)

    assert read_files(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


def test_first_of_two_concurrent_folders_stays(folder: Path) -> None:
    def publish_while_another_does() -> None:
        with model_folder.publishing(folder) as draft:
            (draft / "weights").write_bytes(b"of the second")
            publish(folder)

    with pytest.raises(OSError, match="première"):
        publish_while_another_does()

    assert model_folder.verify(folder).name == MANIFEST.name
    assert list(folder.parent.iterdir()) == [folder]


def test_stale_drafts_are_removed_and_young_ones_stay(folder: Path) -> None:
    stale, young = (folder.parent / f".{name}.part" for name in ("stale", "young"))
    stale.mkdir(parents=True)
    (stale / "weights").write_bytes(b"some of them")
    young.mkdir()
    yesterday = time.time() - model_folder.STALE_AFTER_S - 60
    os.utime(stale, (yesterday, yesterday))

    publish(folder)

    assert set(folder.parent.iterdir()) == {folder, young}


def test_manifest_is_read_as_written_with_checksums(folder: Path) -> None:
    publish(folder)

    checksums = {model_folder.GRAPH: model_folder.hash_file(folder / model_folder.GRAPH)}
    assert model_folder.verify(folder) == replace(MANIFEST, files=checksums)


def test_manifest_without_certificates_is_read(folder: Path) -> None:
    publish(folder)
    values = json.loads((folder / model_folder.MANIFEST).read_text())
    del values["certificates"]
    (folder / model_folder.MANIFEST).write_text(json.dumps(values))

    assert model_folder.verify(folder).certificates == ()


def change_json(**changes: Any) -> Damage:
    values = asdict(MANIFEST) | changes
    return lambda folder: (folder / model_folder.MANIFEST).write_text(json.dumps(values))


def write_bytes(content: bytes) -> Damage:
    return lambda folder: (folder / model_folder.MANIFEST).write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(
            lambda folder: (folder / model_folder.MANIFEST).unlink(),
            id="no manifest",
        ),
        pytest.param(lambda folder: (folder / model_folder.GRAPH).unlink(), id="no graph"),
        pytest.param(
            lambda folder: factories.flip_byte(folder / model_folder.GRAPH),
            id="one flipped bit",
        ),
        pytest.param(write_bytes(b""), id="empty manifest"),
        pytest.param(write_bytes(b"\xff\xfe\x00"), id="no text"),
        pytest.param(write_bytes(b'{"format": 1'), id="cut short"),
        pytest.param(write_bytes(b"[1]"), id="a list"),
        pytest.param(write_bytes(b"{}"), id="without a format"),
        pytest.param(write_bytes(b'{"format": 2}'), id="with a format and no more"),
        pytest.param(change_json(flavour="new"), id="unknown field"),
        pytest.param(change_json(certificates=[{"n": 1}]), id="half a certificate"),
        pytest.param(change_json(certificates=[1]), id="no certificate"),
        pytest.param(change_json(files=["model.tflite"]), id="files without checksums"),
        pytest.param(change_json(format=3), id="a later format"),
        pytest.param(write_bytes(b'{"format": 0}'), id="an earlier format"),
    ],
)
def test_bad_folder_is_refused_and_unchanged(folder: Path, damage: Damage) -> None:
    publish(folder)
    damage(folder)
    before = read_files(folder)

    with pytest.raises(model_folder.ArtifactError) as caught:
        model_folder.verify(folder)

    assert str(folder) in str(caught.value)
    assert read_files(folder) == before


def test_folder_that_does_not_exist_is_missing(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no model in"):
        model_folder.verify(folder)
