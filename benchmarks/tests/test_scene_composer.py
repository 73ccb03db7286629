"""Scenes are the same for a seed, and contain their digits at their ink."""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import scene_composer
from benchmarks.scene_composer import CONDITIONS, INK_EDGE, PAGE, PHOTO, SIDE, Scene
from classifier.recognition import imaging
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import Digits
from training.data.images import Images

pytestmark = pytest.mark.slow

PAGES = ("page of ten", "page with shadow and edge", "page, folded, rim, blur, JPEG")
ENLARGED = "photo of 12 megapixels"
SIZES = {ENLARGED: PHOTO, "plain": (SIDE, SIDE), **dict.fromkeys(PAGES, PAGE)}
# Conditions whose ink is moved by the camera, or not darker than the paper.
INK_NOT_DARKER = (ENLARGED, "page, folded, rim, blur, JPEG", "light on dark")
GetFirst = Callable[..., Scene]


@pytest.fixture(scope="module")
def source(digits: Digits) -> Images:
    return Images(*digits)


@pytest.fixture(scope="module")
def get_first(source: Images) -> GetFirst:
    """Return a cached function that composes the first scene of a condition and a seed."""

    @functools.cache
    def compose_first(condition: str, seed: int = 1) -> Scene:
        (scene,) = scene_composer.compose_scenes(condition, source, 1, seed)
        return scene

    return compose_first


@pytest.mark.parametrize("condition", CONDITIONS)
def test_scene_has_colour_digits_and_ink(condition: str, get_first: GetFirst) -> None:
    scene = get_first(condition)

    assert scene.pixels.dtype == np.uint8
    assert scene.pixels.shape[2] == 3
    assert scene.pixels.shape[:2] == SIZES.get(condition, scene.pixels.shape[:2])
    assert len(scene.digits) == (10 if condition in PAGES else 1)
    assert scene.digits.isdecimal()
    assert scene.ink.min() >= 0
    assert INK_EDGE < scene.ink.max() <= 1
    if condition != ENLARGED:
        assert scene.pixels.shape[:2] == scene.ink.shape


@pytest.mark.parametrize("condition", [each for each in CONDITIONS if each != ENLARGED])
def test_same_seed_gives_same_scenes(condition: str, source: Images, get_first: GetFirst) -> None:
    one, other = get_first(condition), get_first(condition, seed=2)
    (again,) = scene_composer.compose_scenes(condition, source, 1, seed=1)

    assert (one.digits, one.pixels.tobytes()) == (again.digits, again.pixels.tobytes())
    assert np.array_equal(one.ink, again.ink)
    assert one.pixels.tobytes() != other.pixels.tobytes()


@pytest.mark.parametrize("condition", [each for each in CONDITIONS if each not in INK_NOT_DARKER])
def test_ink_is_darker_than_paper(condition: str, get_first: GetFirst) -> None:
    scene = get_first(condition)
    inked, bare = scene.ink > 0.9, scene.ink < 0.05
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    near = np.zeros_like(inked)
    near[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True

    grey = scene.pixels.mean(axis=2)
    assert grey[inked].mean() < grey[bare & near].mean() - 15


def test_ink_of_inverted_scene_is_lighter(get_first: GetFirst) -> None:
    scene = get_first("light on dark")
    assert scene.pixels[scene.ink > 0.9].mean() > scene.pixels[scene.ink < 0.05].mean() + 15


def test_cropped_scene_has_two_pixels_around_its_ink(get_first: GetFirst) -> None:
    ink = get_first("cropped 2 px around the ink").ink > INK_EDGE
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    edges = rows[0], columns[0], len(ink) - 1 - rows[-1], ink.shape[1] - 1 - columns[-1]
    assert edges == (2, 2, 2, 2)


def test_cut_off_scene_has_ink_at_one_edge(source: Images) -> None:
    for scene in scene_composer.compose_scenes("a quarter cut off", source, 4, seed=1):
        edges = (scene.ink[0], scene.ink[-1], scene.ink[:, 0], scene.ink[:, -1])
        assert sum(bool((edge > INK_EDGE).any()) for edge in edges) == 1


def test_faint_ink_is_25_levels_below_paper(get_first: GetFirst) -> None:
    scene = get_first("faint, 25 levels at σ 2.5")
    full, none = scene.pixels[scene.ink == 1], scene.pixels[scene.ink == 0]
    assert none.mean() - full.mean() == pytest.approx(25, abs=1)
    assert none[:, 0].std() == pytest.approx(2.5, abs=0.2)


def test_loop_is_a_0_or_8_that_fills_the_scene(source: Images) -> None:
    for scene in scene_composer.compose_scenes("large 0 and 8", source, 4, seed=1):
        assert scene.digits in "08"
        rows = np.flatnonzero((scene.ink > INK_EDGE).any(axis=1))
        assert rows[-1] - rows[0] > 0.7 * len(scene.ink)


@pytest.mark.parametrize("condition", ["plain", "light on dark", "on a desk"])
def test_bundled_model_reads_simple_scenes(
    condition: str, source: Images, baseline: Recognizer
) -> None:
    samples = scene_composer.compose_scenes(condition, source, 12, seed=1)
    pages = [imaging.find_digits(imaging.Picture.from_array(scene.pixels)) for scene in samples]
    guesses = [
        "".join(each.best_guess for each in baseline.recognize(digit.pixels for digit in page))
        for page in pages
    ]
    right = [guess == scene.digits for guess, scene in zip(guesses, samples, strict=True)]
    assert sum(right) >= 10
