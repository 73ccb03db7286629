"""Effects of paper, desk, light and camera stay within their limits."""

import numpy as np
import pytest
from PIL import Image

from training.data import photo_effects

SHAPE = (90, 120)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_rules_have_their_pitch_and_width() -> None:
    rules = photo_effects.draw_rules(SHAPE, 0, pitch=30, width=2)
    assert (rules == rules[:, :1]).all()
    assert rules[:, 0].sum() == pytest.approx(2 * len(rules) / 30)
    (starts,) = np.nonzero(np.diff((rules[:, 0] > 0).astype(int)) == 1)
    assert {*np.diff(starts)} == {30}


def test_grid_has_rules_in_both_directions() -> None:
    grid = photo_effects.draw_grid((90, 90), 0, pitch=30, width=2)
    rules = photo_effects.draw_rules((90, 90), 0, pitch=30, width=2)
    assert (grid >= rules).all()
    assert len({*(grid > 0).sum(axis=0)}) > 1
    assert len({*(grid > 0).sum(axis=1)}) > 1


def test_turned_rules_have_their_angle() -> None:
    down, across = np.nonzero(photo_effects.draw_rules((200, 200), 8, pitch=240, width=2))
    slope, _ = np.polyfit(across, down, 1)
    assert np.degrees(np.arctan(slope)) == pytest.approx(8, abs=0.2)


def test_gradient_falls_at_most_to_its_limit(rng: np.random.Generator) -> None:
    for _ in range(5):
        lit = photo_effects.make_gradient(SHAPE, rng, minimum=0.6)
        assert lit.max() == pytest.approx(1)
        assert 0.6 <= lit.min() < 1


def test_fold_makes_two_halves_of_even_light(rng: np.random.Generator) -> None:
    lit = photo_effects.make_fold(SHAPE, rng)
    values, counts = np.unique(lit.round(3), return_counts=True)
    bright, dim = values[np.argsort(counts)[-2:]].max(), values[np.argsort(counts)[-2:]].min()
    assert bright == 1
    assert 0.8 <= dim <= 0.95


def test_rim_darkens_edge_but_not_middle(rng: np.random.Generator) -> None:
    for _ in range(5):
        lit = photo_effects.make_rim(SHAPE, rng)
        assert lit[45, 60] == 1
        assert 0.1 < lit.min() <= 0.5


def test_desk_is_darker_than_paper(rng: np.random.Generator) -> None:
    desks = [photo_effects.draw_desk(SHAPE, rng) for _ in range(20)]
    assert max(desk.max() for desk in desks) < 0.6
    assert min(desk.min() for desk in desks) > 0


def test_sheet_covers_the_area_inside_its_margins() -> None:
    covered = photo_effects.draw_sheet(SHAPE, np.array([10, 20, 30, 40]), 0)
    assert (covered[12:58, 42:98] == 1).all()
    assert covered[:9].sum() + covered[62:].sum() == 0
    assert covered[:, :39].sum() + covered[:, 102:].sum() == 0


def test_tilted_picture_has_same_size_and_similar_content(rng: np.random.Generator) -> None:
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    pixels[30:60, 40:80] = 255
    image = Image.fromarray(pixels)
    assert np.array_equal(np.asarray(photo_effects.tilt(image, 0, rng)), pixels)
    tilted = np.asarray(photo_effects.tilt(image, 0.06, rng))
    assert tilted.shape == pixels.shape
    assert not np.array_equal(tilted, pixels)
    assert (tilted[38:52, 50:70] == 255).all()


def test_recompressed_picture_changes_little(rng: np.random.Generator) -> None:
    smooth = 255 * photo_effects.make_patches(SHAPE, (3, 4), rng)
    image = Image.fromarray(smooth.astype(np.uint8)).convert("RGB")
    compressed = np.asarray(photo_effects.recompress(image, 80)).astype(float)
    change = np.abs(compressed - np.asarray(image)).mean()
    assert 0 < change < 5
