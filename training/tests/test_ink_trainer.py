"""The ink finder is trained on composed scenes, and exported for pictures of any size."""

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray

from classifier.recognition import model_folder
from classifier.recognition.ink_finder import InkFinder
from training.data.images import Images
from training.data.ink_scenes import SIDE, InkComposer
from training.ink import trainer
from training.trainer import Configuration

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]
FLOOR = 0.6  # of the ink that either shows, the least that both show, over all scenes


@pytest.mark.slow
def test_trained_graph_accepts_pictures_of_any_size(digits: Digits, tmp_path: Path) -> None:
    epochs: list[int] = []
    few = Images(*digits)[:256]
    trainer.fit_ink_finder(
        few, Configuration(1, 1, 1), tmp_path, lambda epoch, *_: epochs.append(epoch)
    )

    finder = InkFinder((tmp_path / model_folder.INK).read_bytes())

    assert epochs == [1]
    for shape in ((70, 90), (300, 500), (31, 400)):
        ink = finder.find(np.full(shape, 200, np.float32))
        assert ink.shape == shape
        assert 0 <= ink.min() <= ink.max() <= 1


def test_bundled_finder_finds_ink_of_scenes(digits: Digits) -> None:
    graph = settings.BUNDLED_MODELS_DIR / "baseline" / model_folder.INK
    finder = InkFinder(graph.read_bytes())
    composer = InkComposer(Images(*digits), np.random.default_rng(5))
    common = either = 0
    for _ in range(40):
        scene = composer.compose()
        found, written = finder.find(scene.grey.astype(np.float32)) > 0.5, scene.ink > 127
        common += int((found & written).sum())
        either += int((found | written).sum())

    assert common / either > FLOOR


def test_same_seed_composes_same_scene(digits: Digits) -> None:
    first, second = (InkComposer(Images(*digits), np.random.default_rng(3)) for _ in range(2))
    one, other = first.compose(), second.compose()

    assert one.grey.shape == one.ink.shape == (SIDE, SIDE)
    assert (one.grey == other.grey).all()
    assert (one.ink == other.ink).all()
