"""Paper, desk, light and camera: coverage and light within the limits that they are given."""

import numpy as np
import pytest
from PIL import Image

from training.data import paper

SHAPE = (90, 120)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_rules_have_their_pitch_and_width() -> None:
    rules = paper.ruled(SHAPE, 0, pitch=30, width=2)
    assert (rules == rules[:, :1]).all()
    assert rules[:, 0].sum() == pytest.approx(2 * len(rules) / 30)
    (starts,) = np.nonzero(np.diff((rules[:, 0] > 0).astype(int)) == 1)
    assert {*np.diff(starts)} == {30}


def test_grid_is_rules_both_ways() -> None:
    grid = paper.grid((90, 90), 0, pitch=30, width=2)
    rules = paper.ruled((90, 90), 0, pitch=30, width=2)
    assert (grid >= rules).all()
    assert len({*(grid > 0).sum(axis=0)}) > 1
    assert len({*(grid > 0).sum(axis=1)}) > 1


def test_turned_rules_cross_the_picture_at_their_angle() -> None:
    down, across = np.nonzero(paper.ruled((200, 200), 8, pitch=240, width=2))
    slope, _ = np.polyfit(across, down, 1)
    assert np.degrees(np.arctan(slope)) == pytest.approx(8, abs=0.2)


def test_gradient_falls_no_lower_than_it_may(rng: np.random.Generator) -> None:
    for _ in range(5):
        lit = paper.gradient(SHAPE, rng, least=0.6)
        assert lit.max() == pytest.approx(1)
        assert 0.6 <= lit.min() < 1


def test_shadow_takes_light_from_one_side_only(rng: np.random.Generator) -> None:
    for _ in range(5):
        lit = paper.shadow(SHAPE, 0.25, rng)
        assert lit.min() == pytest.approx(0.25, abs=0.01)
        assert lit.max() == pytest.approx(1, abs=0.01)
        assert 0.1 < (lit < 0.5).mean() < 0.9


def test_fold_leaves_two_halves_of_even_light(rng: np.random.Generator) -> None:
    lit = paper.fold(SHAPE, rng)
    values, counts = np.unique(lit.round(3), return_counts=True)
    bright, dim = values[np.argsort(counts)[-2:]].max(), values[np.argsort(counts)[-2:]].min()
    assert bright == 1
    assert 0.8 <= dim <= 0.95


def test_rim_darkens_the_edge_and_not_the_middle(rng: np.random.Generator) -> None:
    for _ in range(5):
        lit = paper.rim(SHAPE, rng)
        assert lit[45, 60] == 1
        assert 0.1 < lit.min() <= 0.5


def test_desk_is_darker_than_paper(rng: np.random.Generator) -> None:
    desks = [paper.desk(SHAPE, rng) for _ in range(20)]
    assert max(desk.max() for desk in desks) < 0.6
    assert min(desk.min() for desk in desks) > 0


def test_sheet_covers_all_within_its_margins() -> None:
    covered = paper.sheet(SHAPE, np.array([10, 20, 30, 40]), 0)
    assert (covered[12:58, 42:98] == 1).all()
    assert covered[:9].sum() + covered[62:].sum() == 0
    assert covered[:, :39].sum() + covered[:, 102:].sum() == 0


def test_tilted_picture_keeps_its_size_and_nearly_its_place(rng: np.random.Generator) -> None:
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    pixels[30:60, 40:80] = 255
    image = Image.fromarray(pixels)
    assert np.array_equal(np.asarray(paper.tilted(image, 0, rng)), pixels)
    tilted = np.asarray(paper.tilted(image, 0.06, rng))
    assert tilted.shape == pixels.shape
    assert not np.array_equal(tilted, pixels)
    assert (tilted[38:52, 50:70] == 255).all()


def test_recompressed_picture_loses_little(rng: np.random.Generator) -> None:
    smooth = 255 * paper.smooth_noise(SHAPE, (3, 4), rng)
    image = Image.fromarray(smooth.astype(np.uint8)).convert("RGB")
    kept = np.asarray(paper.recompressed(image, 80)).astype(float)
    change = np.abs(kept - np.asarray(image)).mean()
    assert 0 < change < 5
