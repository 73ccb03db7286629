"""Training digits that come with a model: kept, read when asked for, and the nearest found."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from classifier import artifact, usefulness
from classifier.exemplars import Exemplars
from classifier.recognizer import Recognizer
from classifier.tests import made


@pytest.fixture(scope="module")
def bundled() -> Exemplars:
    found = Recognizer(settings.BUNDLED_MODELS_DIR / "baseline").exemplars
    assert found
    return found


def test_the_nearest_come_first() -> None:
    embeddings = np.array([[0, 0], [10, 0], [3, 4], [-2, 0]], np.int8)
    exemplars = Exemplars(np.zeros((4, 28, 28), np.uint8), np.arange(4, dtype=np.uint8), embeddings)
    here, there = (np.array(place, np.int8).tobytes() for place in ([0, 0], [9, 1]))
    assert exemplars.nearest([here, there], 3) == [[0, 3, 2], [1, 2, 0]]


def test_they_are_read_back_as_they_were_kept(tmp_path: Path, bundled: Exemplars) -> None:
    bundled.save(tmp_path / "some.npz")
    back = Exemplars.load(tmp_path / "some.npz")
    for name in ("pixels", "labels", "embeddings"):
        assert np.array_equal(getattr(back, name), getattr(bundled, name))


def test_those_of_the_bundled_model_are_as_it_embeds_them_and_nearest_to_themselves(
    bundled: Exemplars,
) -> None:
    chosen = range(0, 3_000, 97)
    recognizer = Recognizer(settings.BUNDLED_MODELS_DIR / "baseline")
    found = recognizer.recognize(bundled.pixels[number] for number in chosen)
    embeddings = [usefulness.embedding(each.whitened) for each in found]
    assert embeddings == [bundled.embeddings[number].tobytes() for number in chosen]
    assert [near[0] for near in bundled.nearest(embeddings, 5)] == list(chosen)
    assert np.bincount(bundled.labels).tolist() == [300] * 10


def test_a_model_without_any_still_recognises() -> None:
    folder = made.model_folder("plain")
    (folder / artifact.EXEMPLARS).unlink()
    artifact.write_manifest(folder, artifact.read(settings.BUNDLED_MODELS_DIR / "baseline"))
    recognizer = Recognizer(folder)
    assert recognizer.exemplars is None
    assert recognizer.recognize([np.zeros((28, 28), np.uint8)])


def test_a_model_whose_folder_is_taken_away_goes_on_without() -> None:
    folder = made.model_folder("gone")
    recognizer = Recognizer(folder)
    shutil.rmtree(folder)
    assert recognizer.exemplars is None


def test_damaged_ones_are_noticed_with_the_folder() -> None:
    made.flip_a_byte(made.model_folder("damaged") / artifact.EXEMPLARS)
    with pytest.raises(artifact.DamagedArtifact, match=r"exemplars\.npz is damaged"):
        Recognizer(settings.MODELS_DIR / "damaged")
