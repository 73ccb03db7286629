"""Digits, lines and quality are found on pages under bad light."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.imaging import Page, Picture, find_page
from classifier.recognition.imaging.arrays import Pixels, find_bounds
from classifier.recognition.imaging.tests.digit_pictures import draw_ink, measure_similarity

SIDE = 300
Canvas = NDArray[np.float64]


@pytest.fixture(scope="module")
def seven(digits: Any) -> Canvas:
    """Return real ink, 160 pixels high, in the middle of a picture."""
    ink = np.zeros((SIDE, SIDE))
    ink[70:230, 70:230] = draw_ink(digits[0][digits[1] == 7][0], 160)
    return ink


@pytest.fixture(scope="module")
def seven_pixels(digits: Any) -> Pixels:
    pixels: Pixels = digits[0][digits[1] == 7][0]
    return pixels


def read_page(canvas: Canvas) -> Page:
    grain = np.random.default_rng(0).normal(0, 2, canvas.shape)
    return find_page(Picture.from_array(np.clip(canvas + grain, 0, 255).astype(np.uint8)))


def draw_on_paper(ink: Canvas) -> Canvas:
    return 220 * (1 - 0.7 * ink)


def make_ruled_light(degrees: float) -> Canvas:
    """Return the light of rules 45 pixels apart."""
    down, across = np.mgrid[:SIDE, :SIDE]
    off = (down - across * np.tan(np.radians(degrees))) % 45
    return np.where(off < 2, 0.7, 1.0)


@pytest.mark.parametrize("light", [0.5, 0.25])
def test_digit_across_edge_of_shadow_is_whole(
    seven: Canvas, seven_pixels: Pixels, light: float
) -> None:
    down, across = np.mgrid[:SIDE, :SIDE]
    shade = np.where(across + 0.4 * down > 200, light, 1)
    (digit,) = read_page(draw_on_paper(seven) * shade).digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.9


@pytest.mark.parametrize("degrees", [-8, -3, 2, 5, 8])
def test_tilted_rules_are_removed(seven: Canvas, seven_pixels: Pixels, degrees: float) -> None:
    (digit,) = read_page(draw_on_paper(seven) * make_ruled_light(degrees)).digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.85


def test_tilted_grid_is_removed(seven: Canvas, seven_pixels: Pixels) -> None:
    grid = np.minimum(make_ruled_light(6), make_ruled_light(-6).T)
    (digit,) = read_page(draw_on_paper(seven) * grid).digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.85


def test_faint_pencil_on_grainy_paper_is_found(seven: Canvas, seven_pixels: Pixels) -> None:
    (digit,) = read_page(200 - 25 * seven).digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.85


def test_desk_along_border_is_removed(seven: Canvas, seven_pixels: Pixels) -> None:
    canvas = draw_on_paper(seven)
    wood = 40 + 30 * np.sin(np.arange(SIDE) / 3)
    canvas[:22], canvas[:, -18:] = wood, wood[:, None]
    (digit,) = read_page(canvas).digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.9


def test_tightly_cropped_loop_is_dark_on_light(digits: Any) -> None:
    for zero in digits[0][digits[1] == 0][:10]:
        rows, columns = (np.flatnonzero((zero > 60).any(axis=axis)) for axis in (1, 0))
        tight = np.pad(zero[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
        (digit,) = find_page(Picture.from_array((220 - 0.7 * tight).astype(np.uint8))).digits
        assert measure_similarity(digit.pixels, zero) > 0.7


def test_sloping_rows_become_level_lines(digits: Any) -> None:
    canvas = np.zeros((400, 600))
    for row, top in enumerate((60, 240)):
        for place in range(5):
            ink = draw_ink(digits[0][60 * place + row], 80)
            left, start = 60 + 100 * place, top + 6 * place
            canvas[start : start + 80, left : left + 80] = ink
    page = read_page(draw_on_paper(canvas))
    assert len(page.digits) == 10
    upper, lower = page.lines
    assert upper.box[1] < lower.box[1]
    assert upper.ink.shape[1] > 400
    assert upper.ink.shape[0] < upper.box[3] + 40
    assert page.quality.unexplained < 0.05


def test_stroke_that_leaves_the_picture_is_cut_off(seven: Canvas) -> None:
    whole = read_page(draw_on_paper(seven)).quality
    parts = read_page(draw_on_paper(seven)[110:]).quality
    assert whole.cut_off == (0.0,)
    assert max(parts.cut_off) >= 1


def test_faint_ink_is_less_visible(seven: Canvas) -> None:
    plain, faint = read_page(draw_on_paper(seven)).quality, read_page(200 - 25 * seven).quality
    assert 1 < faint.visibility < plain.visibility / 2


def test_blank_page_has_no_lines() -> None:
    page = read_page(np.full((SIDE, SIDE), 200.0))
    assert (page.digits, page.lines, page.left_out) == ([], [], [])
    assert page.quality.unexplained == 0


def test_large_digit_is_found_in_a_reduced_picture(seven_pixels: Pixels) -> None:
    ink = draw_ink(seven_pixels, SIDE)
    page = read_page(draw_on_paper(ink))
    assert page.ink.strokes.shape == (SIDE // 2, SIDE // 2)
    (digit,) = page.digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.9
    rows, columns = find_bounds(ink > 0.5)
    left, top, width, height = digit.box
    assert (left, left + width) == pytest.approx((columns.start, columns.stop), abs=4)
    assert (top, top + height) == pytest.approx((rows.start, rows.stop), abs=4)


def test_small_digit_is_found_at_full_size(seven_pixels: Pixels) -> None:
    ink = np.zeros((SIDE, SIDE))
    ink[40:80, 100:140] = draw_ink(seven_pixels, 40)
    page = read_page(draw_on_paper(ink))
    assert page.ink.strokes.shape == (SIDE, SIDE)
    (digit,) = page.digits
    assert measure_similarity(digit.pixels, seven_pixels) > 0.85
