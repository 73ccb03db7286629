"""Digits come out of all kinds of picture as MNIST would hold them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.imaging import Digit, decode, find_digits, from_array
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.imaging.tests.made import Draw, encoded, ink_at, likeness

Canvas = NDArray[np.float64]
SIDE = 300


def found(canvas: Canvas, file_format: str = "PNG") -> list[Digit]:
    return find_digits(decode(encoded(canvas, file_format)))


def sheet_of_ink(digit: Pixels, size: int = 160, left: int = 70, top: int = 70) -> Canvas:
    ink = np.zeros((SIDE, SIDE))
    ink[top : top + size, left : left + size] = ink_at(digit, size)
    return ink


def light() -> Canvas:
    """Light that falls to under a half from one corner to the other, with a shadow's edge."""
    down, across = np.mgrid[:SIDE, :SIDE] / SIDE
    lit: Canvas = (1 - 0.5 * (down + across) / 2) * np.where(across + 0.5 * down > 1.1, 0.8, 1)
    return lit


def grain() -> Canvas:
    return np.random.default_rng(0).normal(0, 3, (SIDE, SIDE))


def plain(ink: Canvas) -> Canvas:
    return 255 * (1 - ink)


def inverted(ink: Canvas) -> Canvas:
    return 255 * ink


def shaded(ink: Canvas) -> Canvas:
    return 220 * light() * (1 - 0.7 * ink) + grain()


def faint(ink: Canvas) -> Canvas:
    return 235 - 40 * ink + grain()


def yellow(ink: Canvas) -> Canvas:
    drawn: Canvas = 255 - ink[..., None] * np.array([5, 25, 200])
    return drawn


def blue_on_grey(ink: Canvas) -> Canvas:
    drawn: Canvas = 190 - ink[..., None] * np.array([140, 120, 30]) + grain()[..., None]
    return drawn


def chalk(ink: Canvas) -> Canvas:
    return 60 * light() + 150 * ink + grain()


def boxed(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[20:-20, [20, 21, 22, -23, -22, -21]] = 1
    lined[[20, 21, 22, -23, -22, -21], 20:-20] = 1
    return plain(lined)


def ruled(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[30::55] = np.maximum(lined[30::55], 0.5)
    lined[31::55] = np.maximum(lined[31::55], 0.5)
    return plain(lined)


def squared(ink: Canvas) -> Canvas:
    lined = ink.copy()
    lined[15::60] = np.maximum(lined[15::60], 0.4)
    lined[:, 15::60] = np.maximum(lined[:, 15::60], 0.4)
    return plain(lined)


def cut_out(ink: Canvas) -> Canvas:
    page = np.full((SIDE, SIDE), 255.0)
    page[40:260, 40:260] = (205 * (1 - 0.8 * ink))[40:260, 40:260]
    return page


def on_a_table(ink: Canvas) -> Canvas:
    page = np.full((SIDE, SIDE), 70.0)
    page[:, 35:] = (230 * (1 - 0.8 * ink))[:, 35:]
    return page


def chalk_lines() -> Canvas:
    stripes: Canvas = np.indices((SIDE, SIDE)).sum(0) % 7.0
    return stripes


def specked(ink: Canvas) -> Canvas:
    dirty = ink.copy()
    for place in (15, 140, 280):
        dirty[place : place + 3, 285 - place : 288 - place] = 1
    return plain(dirty)


@pytest.mark.parametrize(
    ("draw", "floor"),
    [
        (plain, 0.95),
        (inverted, 0.95),
        (shaded, 0.94),
        (faint, 0.92),
        (yellow, 0.95),
        (blue_on_grey, 0.94),
        (chalk, 0.94),
        (boxed, 0.95),
        (ruled, 0.94),
        (squared, 0.94),
        (cut_out, 0.95),
        (on_a_table, 0.95),
        (specked, 0.94),
    ],
)
def test_a_digit_is_found_on_every_kind_of_paper(some: Pixels, draw: Draw, floor: float) -> None:
    five_of_each = some[::2]
    results = [found(draw(sheet_of_ink(digit))) for digit in five_of_each]
    single = [
        likeness(result[0].pixels, digit)
        for result, digit in zip(results, five_of_each, strict=True)
        if len(result) == 1
    ]
    assert len(single) >= 0.95 * len(five_of_each)
    assert np.median(single) >= floor


def test_mnist_digits_stay_themselves(some: Pixels) -> None:
    for digit in some:
        (result,) = find_digits(from_array(digit))
        assert np.abs(result.pixels.astype(float) - digit).mean() < 40
        assert likeness(result.pixels, digit) > 0.6
    assert np.median([_difference(digit) for digit in some]) < 2


def _difference(digit: Pixels) -> float:
    (result,) = find_digits(from_array(digit))
    return float(np.abs(result.pixels.astype(float) - digit).mean())


def test_inverting_a_thumbnail_changes_nothing(some: Pixels) -> None:
    for digit in some[::7]:
        (one,) = find_digits(from_array(digit))
        (other,) = find_digits(from_array(255 - digit))
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("width", [1, 3, 40])
def test_hair_and_brush_get_a_usual_stroke(width: int) -> None:
    canvas = np.full((SIDE, SIDE), 255.0)
    canvas[50:250, 150 - width // 2 : 151 + (width - 1) // 2] = 0
    canvas[50 : 50 + width, 100:200] = 0
    (digit,) = found(canvas)
    stem = (digit.pixels[14:22] / 255).sum(axis=1)
    assert 1.2 <= stem.mean() <= 4


@pytest.mark.parametrize("blank", [255.0, 0.0, 128.0])
def test_an_even_picture_is_blank(blank: float) -> None:
    assert found(np.full((SIDE, SIDE), blank)) == []


def test_grain_and_shadow_alone_are_blank() -> None:
    down, across = np.mgrid[:SIDE, :SIDE] / SIDE
    assert found(200 - 60 * down - 40 * across + grain()) == []


def row_of(some: Pixels, size: int = 80, gap: int = 20) -> Canvas:
    inks = [ink_at(digit, size) for digit in some]
    trimmed = [ink[:, (ink > 0.1).any(axis=0)] for ink in inks]
    spaced = [np.pad(ink, ((20, 20), (gap // 2, gap - gap // 2))) for ink in trimmed]
    return np.pad(np.concatenate(spaced, axis=1), ((0, 0), (20, 20)))


def test_a_row_is_read_from_left_to_right(some: Pixels) -> None:
    chosen = some[[15, 3, 92, 71]]
    results = found(plain(row_of(chosen)))
    assert len(results) == 4
    assert [r.box[0] for r in results] == sorted(r.box[0] for r in results)
    assert all(likeness(r.pixels, d) > 0.75 for r, d in zip(results, chosen, strict=True))


def test_rows_are_read_from_top_to_bottom(some: Pixels) -> None:
    chosen = some[[22, 33, 61, 84]]
    upper, lower = row_of(chosen[:2]), row_of(chosen[2:])
    width = max(upper.shape[1], lower.shape[1])
    both = [np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in (upper, lower)]
    results = found(plain(np.concatenate(both)))
    assert all(likeness(r.pixels, d) > 0.75 for r, d in zip(results, chosen, strict=True))


def test_touching_digits_are_split_where_the_ink_is_thin() -> None:
    canvas = np.full((200, 320), 255.0)
    down, across = np.mgrid[:200, :320]
    for middle in (80, 220):
        radius = np.hypot(down - 100, across - middle)
        canvas[np.abs(radius - 55) < 8] = 0
    canvas[97:103, 130:170] = 0
    assert len(found(canvas)) == 2


def test_a_broken_0_and_a_5_with_its_bar_apart_stay_one_digit() -> None:
    canvas = np.full((200, 200), 255.0)
    down, across = np.mgrid[:200, :200]
    ring = np.abs(np.hypot((down - 100) / 1.4, across - 100) - 45) < 5
    canvas[ring & (np.abs(across - 100) > 3)] = 0
    assert len(found(canvas)) == 1
    five = np.full((200, 200), 255.0)
    five[np.abs(np.hypot(down - 130, across - 90) - 40) < 6] = 255
    bowl = (np.abs(np.hypot(down - 130, across - 90) - 40) < 6) & (across > 70)
    five[bowl] = 0
    five[60:96, 70:80] = 0
    five[38:48, 84:150] = 0
    assert len(found(five)) == 1


def test_boxes_are_in_the_originals_pixels(some: Pixels) -> None:
    canvas = np.full((3000, 4000), 230.0)
    canvas[1000:1500, 2000:2500] -= 200 * ink_at(some[35], 500)
    (digit,) = found(canvas, "JPEG")
    x, y, w, h = digit.box
    assert 2000 <= x < x + w <= 2500
    assert 1000 <= y < y + h <= 1500
    assert max(w, h) > 300


def test_debugging_shows_the_stages(some: Pixels) -> None:
    seen: dict[str, tuple[int, ...]] = {}
    find_digits(
        from_array(some[0]),
        lambda name, array: seen.update({name: array.shape}),
    )
    assert seen["picture"] == seen["ink"] == (28, 28)
    assert "group" in seen


def test_a_texture_is_one_thing_and_not_thousands_of_digits() -> None:
    canvas = np.full((600, 600), 255.0)
    canvas[::12, ::12] = canvas[1::12, ::12] = canvas[2::12, ::12] = 0
    canvas[::12, 1::12] = canvas[1::12, 1::12] = canvas[2::12, 1::12] = 0
    assert len(found(canvas)) == 1


@pytest.mark.parametrize("shape", [(8, 5000), (5000, 8), (8, 8), (8, 1200, 3)])
@pytest.mark.parametrize("filled", [grain, lambda: np.zeros((SIDE, SIDE)), chalk_lines])
def test_strips_and_scraps_are_read_without_a_failure(
    shape: tuple[int, ...], filled: Callable[[], Canvas]
) -> None:
    pixels = np.resize(128 + 20 * filled(), shape)
    assert len(found(pixels)) <= 150


def test_a_line_is_not_cut_into_digits() -> None:
    canvas = np.full((60, 300), 255.0)
    canvas[30:33, 20:280] = 0
    assert len(found(canvas)) == 1
