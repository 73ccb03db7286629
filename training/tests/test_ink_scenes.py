"""The scenes that the ink finder learns from, and its answers for others."""

import numpy as np
import pytest
from django.conf import settings

from classifier.recognition import model_folder
from classifier.recognition.ink_finder import InkFinder
from classifier.tests.pictures import Digits
from training.data.images import Images
from training.data.ink_scenes import SIDE, InkComposer

pytestmark = pytest.mark.slow

FLOOR = 0.6  # of the ink that either shows, the least that both show, over all scenes


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
