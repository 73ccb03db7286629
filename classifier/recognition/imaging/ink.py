"""Separate ink from paper under any light and in any colours."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Mask, Pixels, compute_percentiles
from classifier.recognition.imaging.components import Components, find_components
from classifier.recognition.imaging.light import (
    MIN_LIT_SIDE,
    MIN_SMOOTHED_SIDE,
    convert_to_dark_ink,
    estimate_paper_light,
    find_desk,
    measure_change,
    smooth,
)
from classifier.recognition.imaging.morphology import dilate_square
from classifier.recognition.imaging.ruled_lines import find_ruled_lines

MAX_STROKE = 0.45  # of the shorter side
STROKES = 2.5  # times the thickest stroke; anything wider is a shadow
THICKER = 0.05  # of the ink's area, where strokes meet
MEASURED_SIDE = 150  # pixels of the shorter side, enough to measure strokes
MIN_STROKE = 9  # pixels of the thickest stroke in a reduced picture
TAIL = 0.2  # of the full stroke; fainter ink belongs to no stroke
HALF = 0.5  # of the full stroke
SOLID = 0.5  # of the full stroke, the mean ink of a piece that was written
MIN_CONTRAST = 10.0  # grey levels; a lower contrast is not ink
CONTRAST_SAMPLE = 200_000  # pixels
MIN_EVENNESS = 0.9  # of the brightest light; the window matters less in such light
EVENNESS_SIDE = 32  # pixels of the shorter side, enough to measure the light
GRAIN_SAMPLE = 20_000  # pixels
NOISE_SIGMAS = 5.0  # one pixel in a million of Gaussian grain exceeds this
EDGED = 0.8  # of a piece's outline; remains of a shadow have an edge on one side only
BLUR = 0.6  # of the thickest stroke's width, the most that an edge takes
MAX_EDGE = 0.04  # of the shorter side; slower changes are the light's
MIN_EDGE = 5  # pixels, the width of a sharp edge
STEP = 0.25  # of the full contrast; a smaller change is no edge

FindStrokes = Callable[[Grey], Grey]


@dataclass(frozen=True, eq=False)
class Contrast:
    """The share of the paper's light that each pixel absorbs.

    `ink` is that share, 0 to 1, and `floor` the share that the paper's grain reaches. `grey` is the
    picture and `light` the paper without ink, both in grey levels. `desk` is the mask of a desk
    around the paper.
    """

    ink: Grey
    floor: Grey
    grey: Grey
    light: Grey
    desk: Mask

    @cached_property
    def level(self) -> tuple[float, float]:
        """The full contrast of the ink, and its visibility."""
        return measure_ink_level(self.ink, self.floor)

    @cached_property
    def strokes(self) -> Grey:
        """The ink, from 0 for paper and grain to 1 for the pen's full stroke."""
        full, visibility = self.level
        if visibility <= 1:
            return np.zeros_like(self.ink)
        low = np.minimum(self.floor / 2, 0.8 * full)
        ink: Grey = self.ink - low
        ink /= full - low
        return np.clip(ink, 0, 1, out=ink)

    @cached_property
    def pieces(self) -> Components:
        return find_components(self.strokes > TAIL)


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of each pixel, from 0 for paper to 1 for the full stroke, and its pieces.

    `visibility` is its contrast as a multiple of the paper's grain. `evenness` is the darkest
    paper's light as a share of the brightest's, or 0 if print or shadows were removed.
    """

    strokes: Grey
    pieces: Components
    visibility: float
    evenness: float


def find_ink(pixels: Pixels) -> Ink:
    """Return the handwriting of a picture, without ruled lines, shadows and desk."""
    contrast, window = measure_page(pixels)
    rules = find_ruled_lines(contrast.strokes > TAIL, contrast.pieces)
    if rules is not None:
        # Digits may be fainter than the print, so their own contrast sets the full stroke.
        contrast = replace(contrast, ink=np.where(rules, 0, contrast.ink))
    blur = min(BLUR * window / STROKES, MAX_EDGE * min(contrast.ink.shape))
    strokes, pieces = remove_shadows(
        contrast, contrast.strokes, contrast.pieces, max(MIN_EDGE, round(blur) | 1)
    )
    is_whole = rules is None and pieces is contrast.pieces
    evenness = measure_evenness(contrast) if is_whole else 0.0
    return Ink(strokes, pieces, contrast.level[1], evenness)


def measure_evenness(contrast: Contrast) -> float:
    """Return the light of the darkest paper as a share of the brightest's, without the desk."""
    step = max(1, min(contrast.light.shape) // EVENNESS_SIDE)
    paper = contrast.light[::step, ::step][~contrast.desk[::step, ::step]]
    if not len(paper):
        return 0.0
    low, high = compute_percentiles(paper, (2, 98))
    return low / high


def trace_ink(pixels: Pixels, find_strokes: FindStrokes) -> Ink:
    """Return the handwriting that a function finds in the grey picture, with dark ink."""
    strokes = find_strokes(convert_to_dark_ink(pixels))
    pieces = find_components(strokes > TAIL)
    total = np.bincount(pieces.labels.ravel(), strokes.ravel(), len(pieces.areas) + 1)
    is_faint = total[1:] < SOLID * pieces.areas
    if is_faint.any():
        strokes = np.where(np.append(False, is_faint)[pieces.labels], 0, strokes)
        pieces = find_components(strokes > TAIL)
    return Ink(strokes, pieces, np.inf, 1.0)


def measure_page(pixels: Pixels) -> tuple[Contrast, float]:
    """Return the contrast of a picture, and a width in its pixels that exceeds all strokes.

    The picture is reduced as far as its strokes stay wide enough, which also removes grain.
    """
    side = min(pixels.shape[:2])
    most = max(1, side // MEASURED_SIDE)
    small = convert_to_dark_ink(_reduce(pixels, most))
    draft = measure_contrast(small, MAX_STROKE * min(small.shape))
    thickest = most * _measure_strokes(draft)
    factor = min(most, max(1, thickest // MIN_STROKE))
    grey = small if factor == most else convert_to_dark_ink(_reduce(pixels, factor))
    window = MAX_STROKE * min(grey.shape)
    if thickest:
        window = min(window, STROKES * thickest / factor)
    if factor == 1 and side >= MIN_SMOOTHED_SIDE:
        grey = smooth(grey)
    elif factor == most and (not thickest or measure_evenness(draft) > MIN_EVENNESS):
        return draft, window
    return measure_contrast(grey, window), window


def _reduce(pixels: Pixels, factor: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


def _measure_strokes(contrast: Contrast) -> int:
    """Return the width in pixels of the thickest strokes, or 0 for a small or blank picture."""
    if min(contrast.ink.shape) < MIN_LIT_SIDE:
        return 0
    ink, _ = remove_shadows(contrast, contrast.strokes, contrast.pieces)
    return measure_thickest(ink > TAIL) if ink.any() else 0


def measure_thickest(mask: Mask) -> int:
    """Return the width in pixels that only a small part of the ink exceeds."""
    area, paper, width = np.count_nonzero(mask), ~mask, 1
    while True:
        paper = dilate_square(paper, 3)
        if paper.size - np.count_nonzero(paper) <= THICKER * area:
            return width
        width += 2


def measure_contrast(grey: Grey, window: float) -> Contrast:
    light = estimate_paper_light(grey, window)
    ink = 1 - grey / light
    desk = np.zeros(grey.shape, np.bool_)
    if min(grey.shape) >= MIN_LIT_SIDE:
        desk = find_desk(light)
        ink[desk] = 0
    return Contrast(ink, measure_noise_floor(light - grey) / light, grey, light, desk)


def remove_shadows(
    contrast: Contrast, ink: Grey, pieces: Components, size: int = MIN_EDGE
) -> tuple[Grey, Components]:
    """Return the ink and the pieces that have edges all around, like strokes.

    An edge may extend over `size` pixels.
    """
    if not len(pieces.areas) or min(ink.shape) < MIN_LIT_SIDE:
        return ink, pieces
    full, _ = contrast.level
    outline = np.flatnonzero(_find_outline(pieces.labels > 0))
    labels = pieces.labels.ravel()[outline]
    step = np.maximum(STEP * full, contrast.floor.ravel()[outline])
    change = measure_change(contrast.grey, size).ravel()[outline]
    is_edge = change > step * contrast.light.ravel()[outline]
    count = len(pieces.areas) + 1
    length = np.bincount(labels, minlength=count)
    sharp = np.bincount(labels[is_edge], minlength=count)
    shadows = sharp < EDGED * length
    shadows[0] = True
    if not shadows[1:].any():
        return ink, pieces
    if shadows.all() and ink[pieces.labels > 0].min() < HALF:
        # This separates a stroke from the shade at the paper's edge that it touches.
        dark = np.where(ink >= HALF, ink, 0)
        return remove_shadows(contrast, dark, find_components(dark > 0), size)
    strokes = dilate_square(~shadows[pieces.labels], 3)
    rest = replace(contrast, ink=np.where(strokes, contrast.ink, 0))
    return rest.strokes, rest.pieces


def _find_outline(mask: Mask) -> Mask:
    """Return the mask's pixels on its outline or on the picture's border."""
    outline = mask.copy()
    inner = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    outline[1:-1, 1:-1] &= ~inner
    return outline


def measure_noise_floor(contrast: Grey) -> float:
    """Return the contrast that the paper's own grain reaches."""
    sample = contrast.ravel()[:: 1 + contrast.size // GRAIN_SAMPLE]
    faint, middle = compute_percentiles(sample, (5, 25))
    return max(middle + NOISE_SIGMAS * (middle - faint), MIN_CONTRAST)


def measure_ink_level(contrast: Grey, floor: Grey) -> tuple[float, float]:
    """Return the full contrast of the ink, and its visibility.

    The full contrast is twice the mean at the ink's edges, and the visibility the ratio of that
    mean to the grain's. The weights by gradient are the simple image statistic of Kittler,
    Illingworth and Föglein (1985), which, unlike Otsu's threshold, works for any amount of ink.
    """
    total = weighted = visible = 0.0
    skip = 1 + contrast.size // CONTRAST_SAMPLE
    width = contrast.shape[1]
    for sample, step, row_end in (
        (np.s_[:, ::skip], -(-width // skip), None),
        (np.s_[::skip], 1, np.s_[width - 1 :: width]),
    ):
        # One dimension is faster, and so are indexes than a mask, as few pixels are strong.
        flat, least = contrast[sample].ravel(), floor[sample].ravel()[step:]
        both = flat[step:] + flat[:-step]
        is_strong = both > least
        if row_end:
            is_strong[row_end] = False  # the next pixel is in another row
        strong = np.flatnonzero(is_strong)
        doubled, before = both[strong], flat[strong]
        weight = (doubled - 2 * before) ** 2
        total += float(weight.sum())
        weighted += float(weight @ doubled)
        visible += float(weight @ (doubled / least[strong]))
    return (weighted / total, visible / total / 2) if total else (0.0, 0.0)
