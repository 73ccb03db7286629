"""Tells ink from paper: how much ink each pixel holds, whatever the light and the colours."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Mask, Pixels
from classifier.recognition.imaging.components import Components, find_components
from classifier.recognition.imaging.light import (
    LEAST_LIT,
    LEAST_SMOOTHED,
    dark_on_light,
    desk_strips,
    has_edge,
    paper_light,
    smoothed,
)
from classifier.recognition.imaging.morphology import window_max
from classifier.recognition.imaging.rules import rule_pixels

WIDEST_STROKE = 0.45  # of the shorter side
STROKES = 2.5  # widths of the thickest: what is wider is no ink but a shadow
THICKER = 0.05  # of the ink's area, where strokes meet
JUDGED_SIDE = 150  # pixels of the shorter side: enough to measure strokes
TAIL = 0.2  # of the full stroke; ink this faint still belongs to a stroke that it touches
HALF = 0.5  # of the full stroke
FAINTEST = 10.0  # grey levels; less contrast than this no eye calls ink
ENOUGH = 200_000  # pixels to judge contrast by
SAMPLED = 20_000  # pixels to judge grain by
NOISE_SIGMAS = 5.0  # of Gaussian grain, one pixel in a million passes this by chance
EDGED = 0.8  # of a piece's outline; a shadow's remains have an edge on one side only
BLUR = 0.6  # of the thickest stroke's width: what an edge may take
SOFTEST = 0.04  # of the shorter side: a slower change is the light's
LEAST_EDGE = 5  # pixels within which an edge lies
STEP = 0.25  # of the full contrast, within a few pixels, is an edge


@dataclass(frozen=True, eq=False)
class Contrast:
    """How much of the paper's light each pixel lacks, 0 to 1, and how much is no more than grain;
    `grey` and `light` are what both were measured from, in grey levels."""

    ink: Grey
    floor: Grey
    grey: Grey
    light: Grey

    @cached_property
    def level(self) -> tuple[float, float]:
        return ink_level(self.ink, self.floor)


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of each pixel, from 0 for paper to 1 for the full stroke; its pieces; and how many
    times it exceeds the paper's grain."""

    strokes: Grey
    pieces: Components
    visibility: float


def find_ink(pixels: Pixels) -> Ink:
    """Return the handwriting of a picture: its ink without rules, shadows and desk."""
    grey = dark_on_light(pixels)
    if min(grey.shape) >= LEAST_SMOOTHED:
        grey = smoothed(grey)
    window = stroke_window(grey)
    contrast = measure_contrast(grey, window)
    strokes = scaled(contrast)
    pieces = find_components(strokes > TAIL)
    rules = rule_pixels(strokes > TAIL, pieces)
    if rules is not None:
        # Digits may be fainter than the print about them, so their own contrast counts alone.
        contrast = replace(contrast, ink=np.where(rules, 0, contrast.ink))
        strokes = scaled(contrast)
        pieces = find_components(strokes > TAIL)
    blur = max(LEAST_EDGE, round(min(BLUR * window / STROKES, SOFTEST * min(grey.shape))) | 1)
    strokes, pieces = without_shadows(contrast, strokes, pieces, blur)
    return Ink(strokes, pieces, contrast.level[1])


def stroke_window(grey: Grey) -> float:
    """Return a width in pixels that no stroke has, and most shadows exceed."""
    side = int(min(grey.shape))
    widest: float = WIDEST_STROKE * side
    if side < LEAST_LIT:
        return widest
    factor = max(1, side // JUDGED_SIDE)
    small = np.asarray(Image.fromarray(grey).reduce(factor))
    contrast = measure_contrast(small, widest / factor)
    ink = scaled(contrast)
    ink, _ = without_shadows(contrast, ink, find_components(ink > TAIL))
    if not ink.any():
        return widest
    return min(widest, STROKES * factor * thickest(ink > TAIL))


def thickest(mask: Mask) -> int:
    """Return the width in pixels that no more than a small part of the ink exceeds."""
    area, width = int(mask.sum()), 1
    while True:
        mask = ~window_max(~mask, 3)
        if mask.sum() <= THICKER * area:
            return width
        width += 2


def measure_contrast(grey: Grey, window: float) -> Contrast:
    light = paper_light(grey, window)
    ink = 1 - grey / light
    if min(grey.shape) >= LEAST_LIT:
        ink[desk_strips(light)] = 0
    return Contrast(ink, noise_floor(light - grey) / light, grey, light)


def without_shadows(
    contrast: Contrast, ink: Grey, pieces: Components, size: int = LEAST_EDGE
) -> tuple[Grey, Components]:
    """Return the ink and the pieces that have edges all round, as strokes have.

    An edge may be blurred over `size` pixels.
    """
    if not len(pieces.areas) or min(ink.shape) < LEAST_LIT:
        return ink, pieces
    full, _ = contrast.level
    step = np.maximum(STEP * full, contrast.floor)
    outline = _outline(pieces.labels > 0)
    count = len(pieces.areas) + 1
    length = np.bincount(pieces.labels[outline], minlength=count)
    edged = outline & has_edge(contrast.grey, contrast.light, step, size)
    sharp = np.bincount(pieces.labels[edged], minlength=count)
    shadows = sharp < EDGED * length
    shadows[0] = True
    if not shadows[1:].any():
        return ink, pieces
    if shadows.all() and ink[pieces.labels > 0].min() < HALF:
        # A stroke that touches the shade at the paper's edge is parted from it.
        dark = np.where(ink >= HALF, ink, 0)
        return without_shadows(contrast, dark, find_components(dark > 0), size)
    strokes = window_max(~shadows[pieces.labels], 3)
    ink = scaled(replace(contrast, ink=np.where(strokes, contrast.ink, 0)))
    return ink, find_components(ink > TAIL)


def _outline(mask: Mask) -> Mask:
    """The mask's pixels beside others, or at the picture's border."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inner)


def scaled(contrast: Contrast) -> Grey:
    """Return the ink from 0 for paper and grain to 1 for the pen's full stroke."""
    full, visibility = contrast.level
    if visibility <= 1:
        return np.zeros_like(contrast.ink)
    low = np.minimum(contrast.floor / 2, 0.8 * full)
    ink: Grey = contrast.ink - low
    ink /= full - low
    return np.clip(ink, 0, 1, out=ink)


def noise_floor(contrast: Grey) -> float:
    """The contrast that the paper's own grain reaches."""
    sample = contrast.ravel()[:: 1 + contrast.size // SAMPLED]
    faint, middle = np.percentile(sample, (5, 25))
    return float(max(middle + NOISE_SIGMAS * (middle - faint), FAINTEST))


def ink_level(contrast: Grey, floor: Grey) -> tuple[float, float]:
    """The full contrast of the ink, twice the mean at its edges; and that mean over the grain's.

    Weighting by the gradient is the simple image statistic of Kittler, Illingworth and
    Föglein (1985); unlike Otsu's threshold it does not ask how much ink there is.
    """
    total = weighted = visible = 0.0
    skip = 1 + contrast.size // ENOUGH
    rows, columns = contrast[::skip], contrast[:, ::skip]
    for one, next_one, least in (
        (columns[:-1], columns[1:], floor[1:, ::skip]),
        (rows[:, :-1], rows[:, 1:], floor[::skip, 1:]),
    ):
        both = next_one + one
        strong = both > least
        doubled, before = both[strong], one[strong]
        weight = (doubled - 2 * before) ** 2
        total += float(weight.sum())
        weighted += float(weight @ doubled)
        visible += float(weight @ (doubled / least[strong]))
    return (weighted / total, visible / total / 2) if total else (0.0, 0.0)
