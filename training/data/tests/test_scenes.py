"""Pictures of digits: the same for a seed, and with the digits that they say, where they say."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import imaging
from classifier.recognition.recognizer import Recognizer
from training.data import scenes
from training.data.images import Images
from training.data.scenes import CONDITIONS, INK_EDGE, PAGE, PHOTO, SIDE, Scene

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]
PAGES = ("page of ten", "page with shadow and edge", "page, folded, rim, blur, JPEG")
MADE_LARGE = "photo of 12 megapixels"
SIZES = {MADE_LARGE: PHOTO, "plain": (SIDE, SIDE), **dict.fromkeys(PAGES, PAGE)}
# Their ink is not where the camera sees it, or is no darker than the paper.
ELSEWHERE = (MADE_LARGE, "page, folded, rim, blur, JPEG", "light on dark")
First = Callable[..., Scene]


@pytest.fixture(scope="module")
def source(digits: Digits) -> Images:
    return Images(*digits)


@pytest.fixture(scope="module")
def first(source: Images) -> First:
    """The first scene of a condition and a seed, made once."""

    @functools.cache
    def first(condition: str, seed: int = 1) -> Scene:
        (scene,) = scenes.scenes(condition, source, 1, seed)
        return scene

    return first


@pytest.mark.parametrize("condition", CONDITIONS)
def test_scene_has_colour_and_says_its_digits_and_their_ink(condition: str, first: First) -> None:
    scene = first(condition)

    assert scene.pixels.dtype == np.uint8
    assert scene.pixels.shape[2] == 3
    assert scene.pixels.shape[:2] == SIZES.get(condition, scene.pixels.shape[:2])
    assert len(scene.digits) == (10 if condition in PAGES else 1)
    assert scene.digits.isdecimal()
    assert scene.ink.min() >= 0
    assert INK_EDGE < scene.ink.max() <= 1
    if condition != MADE_LARGE:
        assert scene.pixels.shape[:2] == scene.ink.shape


@pytest.mark.parametrize("condition", [each for each in CONDITIONS if each != MADE_LARGE])
def test_scenes_same_seed_gives_same_scenes(condition: str, source: Images, first: First) -> None:
    one, other = first(condition), first(condition, seed=2)
    (again,) = scenes.scenes(condition, source, 1, seed=1)

    assert (one.digits, one.pixels.tobytes()) == (again.digits, again.pixels.tobytes())
    assert np.array_equal(one.ink, again.ink)
    assert one.pixels.tobytes() != other.pixels.tobytes()


@pytest.mark.parametrize("condition", [each for each in CONDITIONS if each not in ELSEWHERE])
def test_scene_is_darker_where_its_ink_is(condition: str, first: First) -> None:
    scene = first(condition)
    inked, bare = scene.ink > 0.9, scene.ink < 0.05
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    near = np.zeros_like(inked)
    near[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True

    grey = scene.pixels.mean(axis=2)
    assert grey[inked].mean() < grey[bare & near].mean() - 15


def test_inverted_scene_is_lighter_where_its_ink_is(first: First) -> None:
    scene = first("light on dark")
    assert scene.pixels[scene.ink > 0.9].mean() > scene.pixels[scene.ink < 0.05].mean() + 15


def test_cropped_scene_has_two_pixels_around_its_ink(first: First) -> None:
    ink = first("cropped 2 px around the ink").ink > INK_EDGE
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    edges = rows[0], columns[0], len(ink) - 1 - rows[-1], ink.shape[1] - 1 - columns[-1]
    assert edges == (2, 2, 2, 2)


def test_cut_off_scene_has_ink_at_one_edge(source: Images) -> None:
    for scene in scenes.scenes("a quarter cut off", source, 4, seed=1):
        edges = (scene.ink[0], scene.ink[-1], scene.ink[:, 0], scene.ink[:, -1])
        assert sum(bool((edge > INK_EDGE).any()) for edge in edges) == 1


def test_faint_ink_is_twenty_five_levels_below_its_paper(first: First) -> None:
    scene = first("faint, 25 levels at σ 2.5")
    full, none = scene.pixels[scene.ink == 1], scene.pixels[scene.ink == 0]
    assert none.mean() - full.mean() == pytest.approx(25, abs=1)
    assert none[:, 0].std() == pytest.approx(2.5, abs=0.2)


def test_loop_is_a_0_or_an_8_that_fills_its_scene(source: Images) -> None:
    for scene in scenes.scenes("large 0 and 8", source, 4, seed=1):
        assert scene.digits in "08"
        rows = np.flatnonzero((scene.ink > INK_EDGE).any(axis=1))
        assert rows[-1] - rows[0] > 0.7 * len(scene.ink)


@pytest.mark.parametrize("condition", ["plain", "light on dark", "on a desk"])
def test_bundled_model_reads_what_scenes_say(
    condition: str, source: Images, baseline: Recognizer
) -> None:
    made = scenes.scenes(condition, source, 12, seed=1)
    read = [imaging.find_digits(imaging.Picture.from_array(scene.pixels)) for scene in made]
    guesses = [
        "".join(each.best_guess for each in baseline.recognize(digit.pixels for digit in found))
        for found in read
    ]
    right = [guess == scene.digits for guess, scene in zip(guesses, made, strict=True)]
    assert sum(right) >= 10
