"""Digits in all kinds of pictures are found and converted to MNIST's format."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.imaging import Digit, Picture, decode, find_digits
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.imaging.tests.digit_pictures import (
    Draw,
    draw_ink,
    encode_picture,
    measure_similarity,
)

pytestmark = pytest.mark.slow

Canvas = NDArray[np.float64]
SIDE = 300


def find_in_canvas(canvas: Canvas, file_format: str = "PNG") -> list[Digit]:
    return find_digits(decode(encode_picture(canvas, file_format)))


def place_ink(digit: Pixels, size: int = 160, left: int = 70, top: int = 70) -> Canvas:
    ink = np.zeros((SIDE, SIDE))
    ink[top : top + size, left : left + size] = draw_ink(digit, size)
    return ink


def make_light() -> Canvas:
    """Return light that falls below a half across the picture, with the edge of a shadow."""
    down, across = np.mgrid[:SIDE, :SIDE] / SIDE
    lit: Canvas = (1 - 0.5 * (down + across) / 2) * np.where(across + 0.5 * down > 1.1, 0.8, 1)
    return lit


def make_grain() -> Canvas:
    return np.random.default_rng(0).normal(0, 3, (SIDE, SIDE))


def draw_black(ink: Canvas) -> Canvas:
    return 255 * (1 - ink)


def draw_white(ink: Canvas) -> Canvas:
    return 255 * ink


def draw_shaded(ink: Canvas) -> Canvas:
    return 220 * make_light() * (1 - 0.7 * ink) + make_grain()


def draw_faint(ink: Canvas) -> Canvas:
    return 235 - 40 * ink + make_grain()


def draw_yellow(ink: Canvas) -> Canvas:
    drawn: Canvas = 255 - ink[..., None] * np.array([5, 25, 200])
    return drawn


def draw_blue_on_grey(ink: Canvas) -> Canvas:
    drawn: Canvas = 190 - ink[..., None] * np.array([140, 120, 30]) + make_grain()[..., None]
    return drawn


def draw_chalk(ink: Canvas) -> Canvas:
    return 60 * make_light() + 150 * ink + make_grain()


def draw_boxed(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[20:-20, [20, 21, 22, -23, -22, -21]] = 1
    lined[[20, 21, 22, -23, -22, -21], 20:-20] = 1
    return draw_black(lined)


def draw_ruled(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[30::55] = np.maximum(lined[30::55], 0.5)
    lined[31::55] = np.maximum(lined[31::55], 0.5)
    return draw_black(lined)


def draw_squared(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[15::60] = np.maximum(lined[15::60], 0.4)
    lined[:, 15::60] = np.maximum(lined[:, 15::60], 0.4)
    return draw_black(lined)


def draw_cut_out(ink: Canvas) -> Canvas:
    page = np.full((SIDE, SIDE), 255.0)
    page[40:260, 40:260] = (205 * (1 - 0.8 * ink))[40:260, 40:260]
    return page


def draw_on_table(ink: Canvas) -> Canvas:
    page = np.full((SIDE, SIDE), 70.0)
    page[:, 35:] = (230 * (1 - 0.8 * ink))[:, 35:]
    return page


def make_stripes() -> Canvas:
    stripes: Canvas = np.indices((SIDE, SIDE)).sum(0) % 7.0
    return stripes


def draw_specks(ink: Canvas) -> Canvas:
    dirty = ink.copy()
    for place in (15, 140, 280):
        dirty[place : place + 3, 285 - place : 288 - place] = 1
    return draw_black(dirty)


@pytest.mark.parametrize(
    ("draw", "floor"),
    [
        (draw_black, 0.95),
        (draw_white, 0.95),
        (draw_shaded, 0.94),
        (draw_faint, 0.92),
        (draw_yellow, 0.95),
        (draw_blue_on_grey, 0.94),
        (draw_chalk, 0.94),
        (draw_boxed, 0.95),
        (draw_ruled, 0.94),
        (draw_squared, 0.94),
        (draw_cut_out, 0.95),
        (draw_on_table, 0.95),
        (draw_specks, 0.94),
    ],
)
def test_digit_is_found_on_each_kind_of_paper(some: Pixels, draw: Draw, floor: float) -> None:
    chosen = some[::2]
    results = [find_in_canvas(draw(place_ink(digit))) for digit in chosen]
    single = [
        measure_similarity(result[0].pixels, digit)
        for result, digit in zip(results, chosen, strict=True)
        if len(result) == 1
    ]
    assert len(single) >= 0.95 * len(chosen)
    assert np.median(single) >= floor


def test_mnist_digits_hardly_change(some: Pixels) -> None:
    for digit in some:
        (result,) = find_digits(Picture.from_array(digit))
        assert np.abs(result.pixels.astype(float) - digit).mean() < 40
        assert measure_similarity(result.pixels, digit) > 0.6
    assert np.median([measure_difference(digit) for digit in some]) < 2


def measure_difference(digit: Pixels) -> float:
    (result,) = find_digits(Picture.from_array(digit))
    return float(np.abs(result.pixels.astype(float) - digit).mean())


def test_inverted_thumbnail_gives_same_pixels(some: Pixels) -> None:
    for digit in some[::7]:
        (one,) = find_digits(Picture.from_array(digit))
        (other,) = find_digits(Picture.from_array(255 - digit))
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("width", [1, 3, 40])
def test_thin_and_thick_strokes_get_usual_width(width: int) -> None:
    canvas = np.full((SIDE, SIDE), 255.0)
    canvas[50:250, 150 - width // 2 : 151 + (width - 1) // 2] = 0
    canvas[50 : 50 + width, 100:200] = 0
    (digit,) = find_in_canvas(canvas)
    stem = (digit.pixels[14:22] / 255).sum(axis=1)
    assert 1.2 <= stem.mean() <= 4


@pytest.mark.parametrize("blank", [255.0, 0.0, 128.0])
def test_uniform_picture_is_blank(blank: float) -> None:
    assert find_in_canvas(np.full((SIDE, SIDE), blank)) == []


def test_grain_and_shadow_without_ink_are_blank() -> None:
    down, across = np.mgrid[:SIDE, :SIDE] / SIDE
    assert find_in_canvas(200 - 60 * down - 40 * across + make_grain()) == []


def draw_row(some: Pixels, size: int = 80, gap: int = 20) -> Canvas:
    inks = [draw_ink(digit, size) for digit in some]
    trimmed = [ink[:, (ink > 0.1).any(axis=0)] for ink in inks]
    spaced = [np.pad(ink, ((20, 20), (gap // 2, gap - gap // 2))) for ink in trimmed]
    return np.pad(np.concatenate(spaced, axis=1), ((0, 0), (20, 20)))


def test_row_is_sorted_from_left_to_right(some: Pixels) -> None:
    chosen = some[[15, 3, 92, 71]]
    results = find_in_canvas(draw_black(draw_row(chosen)))
    assert len(results) == 4
    assert [r.box[0] for r in results] == sorted(r.box[0] for r in results)
    assert all(measure_similarity(r.pixels, d) > 0.75 for r, d in zip(results, chosen, strict=True))


def test_rows_are_sorted_from_top_to_bottom(some: Pixels) -> None:
    chosen = some[[22, 33, 61, 84]]
    upper, lower = draw_row(chosen[:2]), draw_row(chosen[2:])
    width = max(upper.shape[1], lower.shape[1])
    both = [np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in (upper, lower)]
    results = find_in_canvas(draw_black(np.concatenate(both)))
    assert all(measure_similarity(r.pixels, d) > 0.75 for r, d in zip(results, chosen, strict=True))


def test_touching_digits_are_split_at_thin_ink() -> None:
    canvas = np.full((200, 320), 255.0)
    down, across = np.mgrid[:200, :320]
    for middle in (80, 220):
        radius = np.hypot(down - 100, across - middle)
        canvas[np.abs(radius - 55) < 8] = 0
    canvas[97:103, 130:170] = 0
    assert len(find_in_canvas(canvas)) == 2


def test_digit_of_separate_strokes_stays_whole() -> None:
    canvas = np.full((200, 200), 255.0)
    down, across = np.mgrid[:200, :200]
    ring = np.abs(np.hypot((down - 100) / 1.4, across - 100) - 45) < 5
    canvas[ring & (np.abs(across - 100) > 3)] = 0
    assert len(find_in_canvas(canvas)) == 1
    five = np.full((200, 200), 255.0)
    five[np.abs(np.hypot(down - 130, across - 90) - 40) < 6] = 255
    bowl = (np.abs(np.hypot(down - 130, across - 90) - 40) < 6) & (across > 70)
    five[bowl] = 0
    five[60:96, 70:80] = 0
    five[38:48, 84:150] = 0
    assert len(find_in_canvas(five)) == 1


def test_box_is_in_pixels_of_the_original(some: Pixels) -> None:
    canvas = np.full((3000, 4000), 230.0)
    canvas[1000:1500, 2000:2500] -= 200 * draw_ink(some[35], 500)
    (digit,) = find_in_canvas(canvas, "JPEG")
    x, y, w, h = digit.box
    assert 2000 <= x < x + w <= 2500
    assert 1000 <= y < y + h <= 1500
    assert max(w, h) > 300


def test_debug_callback_receives_each_stage(some: Pixels) -> None:
    stages: dict[str, tuple[int, ...]] = {}
    find_digits(
        Picture.from_array(some[0]),
        lambda name, array: stages.update({name: array.shape}),
    )
    assert stages["picture"] == stages["ink"] == (28, 28)
    assert "group" in stages


def test_texture_is_one_piece() -> None:
    canvas = np.full((600, 600), 255.0)
    canvas[::12, ::12] = canvas[1::12, ::12] = canvas[2::12, ::12] = 0
    canvas[::12, 1::12] = canvas[1::12, 1::12] = canvas[2::12, 1::12] = 0
    assert len(find_in_canvas(canvas)) == 1


@pytest.mark.parametrize("shape", [(8, 5000), (5000, 8), (8, 8), (8, 1200, 3)])
@pytest.mark.parametrize("filled", [make_grain, lambda: np.zeros((SIDE, SIDE)), make_stripes])
def test_extreme_shapes_are_read(shape: tuple[int, ...], filled: Callable[[], Canvas]) -> None:
    pixels = np.resize(128 + 20 * filled(), shape)
    assert len(find_in_canvas(pixels)) <= 150


def test_straight_line_is_not_split() -> None:
    canvas = np.full((60, 300), 255.0)
    canvas[30:33, 20:280] = 0
    assert len(find_in_canvas(canvas)) == 1
