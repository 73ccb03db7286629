"""The exemplars of a model."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from classifier.recognition import active_learning, model_folder
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.recognizer import Recognizer
from classifier.registry import versions
from classifier.tests import factories

BASELINE = settings.BUNDLED_MODELS_DIR / "baseline"


@pytest.fixture(scope="module")
def bundled() -> Exemplars:
    exemplars = Recognizer(BASELINE).exemplars
    assert exemplars
    return exemplars


def test_nearest_exemplars_come_first() -> None:
    embeddings = np.array([[0, 0], [10, 0], [3, 4], [-2, 0]], np.int8)
    exemplars = Exemplars(np.zeros((4, 28, 28), np.uint8), np.arange(4, dtype=np.uint8), embeddings)
    here, there = (np.array(place, np.int8).tobytes() for place in ([0, 0], [9, 1]))
    assert exemplars.find_nearest([here, there], 3) == [[0, 3, 2], [1, 2, 0]]


def test_saved_exemplars_are_loaded_unchanged(tmp_path: Path, bundled: Exemplars) -> None:
    bundled.save(tmp_path / "some.npz")
    loaded = Exemplars.load((tmp_path / "some.npz").read_bytes())
    for name in ("pixels", "labels", "embeddings"):
        assert np.array_equal(getattr(loaded, name), getattr(bundled, name))


def test_bundled_exemplars_match_the_model_s_embeddings(
    bundled: Exemplars,
) -> None:
    chosen = range(0, 3_000, 97)
    recognizer = Recognizer(BASELINE)
    recognitions = recognizer.recognize(bundled.pixels[number] for number in chosen)
    embeddings = [active_learning.encode_embedding(each.features) for each in recognitions]
    assert embeddings == [bundled.embeddings[number].tobytes() for number in chosen]
    assert [near[0] for near in bundled.find_nearest(embeddings, 5)] == list(chosen)
    assert np.bincount(bundled.labels).tolist() == [300] * 10


def test_model_without_exemplars_recognizes() -> None:
    folder = factories.copy_bundled_model("plain")
    (folder / model_folder.EXEMPLARS).unlink()
    model_folder.write_manifest(folder, model_folder.verify(BASELINE))
    recognizer = Recognizer(folder)
    assert recognizer.exemplars is None
    assert recognizer.recognize([np.zeros((28, 28), np.uint8)])


def test_exemplars_outlive_their_folder() -> None:
    folder = factories.copy_bundled_model("gone")
    recognizer = Recognizer(folder)
    shutil.rmtree(folder)
    assert recognizer.exemplars


def test_model_with_damaged_exemplars_recognizes_without_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = factories.copy_bundled_model("damaged")
    factories.flip_byte(folder / model_folder.EXEMPLARS)
    recognizer = Recognizer(folder)
    assert recognizer.exemplars is None
    assert recognizer.recognize([np.zeros((28, 28), np.uint8)])
    [logged] = caplog.messages
    assert logged.startswith("Model damaged serves without its exemplars: ")
    assert "exemplars.npz is damaged" in logged


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut short", b"\0" * 5000])
def test_exemplars_of_another_format_are_ignored(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder = factories.copy_bundled_model("odd")
    (folder / model_folder.EXEMPLARS).write_bytes(content)
    model_folder.write_manifest(folder, model_folder.verify(BASELINE))
    assert Recognizer(folder).exemplars is None
    assert len(caplog.messages) == 1


@pytest.mark.django_db
def test_model_with_damaged_exemplars_is_not_registered() -> None:
    factories.flip_byte(factories.copy_bundled_model("damaged") / model_folder.EXEMPLARS)
    with pytest.raises(model_folder.ArtifactError, match=r"exemplars\.npz is damaged"):
        versions.register_model("damaged")
