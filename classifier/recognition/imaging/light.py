"""Find the colour axis and polarity that show the ink, and the light that the paper reflects."""

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import (
    Grey,
    Mask,
    Pixels,
    compute_median,
    compute_percentiles,
    find_bounds,
)
from classifier.recognition.imaging.morphology import close_square, dilate_square, pad_edges

SMALL_SIDE = 96  # light and polarity vary slowly, so a reduced picture is enough
MIN_LIT_SIDE = 128  # pixels of the shorter side; smaller pictures show no shadows
MIN_SMOOTHED_SIDE = 220  # pixels of the shorter side; strokes of smaller pictures would thicken
MIN_WINDOW = 15  # a brush fills half of a thumbnail, whose light hardly changes
UNIFORM = 0.85  # of the picture's outermost pixels have the paper's shade
FILLED = 0.75  # of its bounding box; a sheet on a desk fills more, and a digit less
CROPPED = 0.7  # of the picture's sides; a larger box has hardly any paper around it
LONG_STROKE = 2.5  # length by width of a box; a 1 is longer
MIN_RING_SIDE = 16  # pixels; digits fill smaller pictures to the border
MIN_DESK_SIDE = 40  # pixels of the reduced picture; thumbnails show no desk
SHEET = 0.35  # of the shorter side; light strokes are narrower
STROKE_WINDOWS = 3, 5, 9  # pixels of the reduced picture, wider than thin to thick strokes
SHADED = 0.7  # of the light of the brightest paper
STRIP = 0.4  # of the shorter side, twice the width of a strip of desk along the border
DEPTH = 0.15  # of the shorter side; pixels further from the border are paper
DESK = 0.65  # of the nearest paper's light
DEEP = 0.5  # in log light, the most that a pixel counts
CLEARLY = 0.1  # in log detail, the least difference between dark and light


def convert_to_dark_ink(pixels: Pixels) -> Grey:
    """Return the picture in grey, from 0 to 255, with dark ink whatever its colour."""
    small = shrink(pixels)
    grey = pixels.astype(np.float32)
    if pixels.ndim == 3:
        axis = find_ink_axis(small)
        small, grey = small @ axis, grey @ axis
        below = 255 * np.minimum(axis, 0).sum()
        small, grey = small - below, grey - below
    return grey if is_ink_dark(small) else 255 - grey


def shrink(pixels: Pixels) -> Grey:
    """Average the picture over blocks, which also removes the paper's grain."""
    factor = -(-max(pixels.shape[:2]) // SMALL_SIDE)
    # The quadrants of a long strip need some height.
    factor = max(1, min(factor, min(pixels.shape[:2]) // 4))
    return np.asarray(Image.fromarray(pixels).reduce(factor), np.float32)


def find_ink_axis(small: Grey) -> Grey:
    """Return the weights of red, green and blue that show the edges best.

    They are the leading eigenvector of Di Zenzo's colour gradient tensor (1986): luminance for
    black ink, blue for yellow ink on white, whatever the paper's colour.
    """
    steps = [np.diff(small, axis=axis).reshape(-1, 3) for axis in (0, 1)]
    gradient = np.concatenate(steps)
    axis = np.linalg.eigh(gradient.T @ gradient)[1][:, -1]
    axis *= np.sign(axis.sum()) or 1
    weights: Grey = (axis / np.abs(axis).sum()).astype(np.float32)
    return weights


def is_ink_dark(small: Grey) -> bool:
    """Return whether the ink is darker than the paper.

    The outermost pixels are paper, unless they show a desk; and thin detail is ink.
    """
    side = min(small.shape)
    by_ring = _has_light_border(small) if side >= MIN_RING_SIDE else None
    if by_ring is not None:
        return by_ring
    levels = np.clip(small, 1, 255).astype(np.uint8)
    paper = close_square(levels, round(STRIP * min(small.shape)))
    lit = np.percentile(paper, 5) > SHADED * np.percentile(paper, 95)
    if lit or side < MIN_DESK_SIDE:
        return _are_edges_dark(small)
    signs = [
        np.log(1 + _measure_detail(close_square(levels, window), levels))
        - np.log(1 + _measure_detail(levels, ~close_square(~levels, window)))
        for window in STROKE_WINDOWS
    ]
    clearest = max(signs, key=abs)
    return clearest > 0 if abs(clearest) > CLEARLY else _are_edges_dark(small)


def _measure_detail(upper: Pixels, lower: Pixels) -> float:
    """Return the energy of the ratio of both; ink and shadows multiply the light."""
    ratio = np.log(upper.astype(np.float32)) - np.log(lower.astype(np.float32))
    return float((np.minimum(ratio, DEEP) ** 2).sum())


def _has_light_border(small: Grey) -> bool | None:
    """Return whether the border is light, or None if it has both shades or surrounds a sheet."""
    low, high = compute_percentiles(small, (0.5, 99.5))
    bright = small > (low + high) / 2
    ring = np.concatenate((bright[0], bright[-1], bright[1:-1, 0], bright[1:-1, -1]))
    share = float(ring.mean())
    if max(share, 1 - share) < UNIFORM:
        return None
    inside = bright != (share > 0.5)
    if not inside.any():
        return None
    box = inside[find_bounds(inside)]
    side = min(small.shape)
    if share <= 0.5 and side >= MIN_DESK_SIDE and _contains_sheet(box, round(SHEET * side)):
        return None
    if box.mean() < FILLED or (share > 0.5 and _is_cropped_stroke(box, small.shape)):
        return share > 0.5
    return None


def _is_cropped_stroke(box: Mask, shape: tuple[int, ...]) -> bool:
    """Return whether a filled box is a 1 that fills the picture, and not a panel or sheet."""
    high, wide = box.shape
    fills = high >= CROPPED * shape[0] and wide >= CROPPED * shape[1]
    return bool(fills and max(high, wide) > LONG_STROKE * min(high, wide))


def _contains_sheet(bright: Mask, side: int) -> bool:
    """Return whether the bright pixels contain a square of paper, which may have writing on it."""
    unwritten = close_square(bright.astype(np.uint8), STROKE_WINDOWS[-1])
    return bool((~close_square(~unwritten, side)).any())


def _are_edges_dark(small: Grey) -> bool:
    """Return whether pixels at sharp edges are darker than the paper.

    Ink has sharp edges, and shadows have none. The paper's level is the median of each quadrant,
    because the light may fall off across the picture.
    """
    tall, wide = small.shape
    energy, side = _compute_edge_energy(small), 0.0
    for rows in (slice(tall // 2), slice(tall // 2, None)):
        for columns in (slice(wide // 2), slice(wide // 2, None)):
            quadrant = small[rows, columns]
            side += float((energy[rows, columns] * (quadrant - compute_median(quadrant))).sum())
    return side <= 0


def _compute_edge_energy(image: Grey) -> Grey:
    """Return the squared gradient, by forward differences."""
    energy = np.zeros_like(image)
    energy[:-1] += np.diff(image, axis=0) ** 2
    energy[:, :-1] += np.diff(image, axis=1) ** 2
    return energy


def estimate_paper_light(grey: Grey, size: float) -> Grey:
    """Return the light that the paper reflects at each pixel, at least 1.

    Strokes must be narrower than `size` pixels. A closing fills strokes and follows any edge of a
    shadow, hard or soft, because it preserves slopes and half-planes (Serra 1982).
    """
    levels = np.clip(np.ceil(grey), 1, 255).astype(np.uint8)
    light: Grey = close_square(levels, max(MIN_WINDOW, round(size)) | 1).astype(np.float32)
    return light


def find_desk(light: Grey) -> Mask:
    """Return the mask of narrow strips along the border that show a desk or a dark rim.

    A closing with a window twice as wide as a strip gives it the light of the nearest paper.
    """
    step = max(1, min(light.shape) // SMALL_SIDE)
    small = np.ascontiguousarray(light[::step, ::step]).astype(np.uint8)
    strips = small < DESK * close_square(small, round(STRIP * min(small.shape)))
    deep = round(DEPTH * min(small.shape))
    strips[deep:-deep, deep:-deep] = False
    if not strips.any():
        return np.zeros(light.shape, np.bool_)
    strips = dilate_square(strips, 3)
    full = strips.repeat(step, axis=0).repeat(step, axis=1)
    return full[: light.shape[0], : light.shape[1]]


def smooth(grey: Grey) -> Grey:
    """Return the binomial mean of three by three pixels."""
    padded = pad_edges(pad_edges(grey, 1, 0), 1, 1)
    rows = padded[:-2] + padded[2:]
    rows += padded[1:-1]
    rows += padded[1:-1]
    mean: Grey = rows[:, :-2] + rows[:, 2:]
    mean += rows[:, 1:-1]
    mean += rows[:, 1:-1]
    mean *= 1 / 16
    return mean


def measure_change(grey: Grey, size: int) -> Pixels:
    """Return the range of the grey levels in a window of `size` pixels around each pixel."""
    levels = np.clip(grey, 0, 255).astype(np.uint8)  # whole levels are five times faster
    change: Pixels = dilate_square(levels, size) - ~dilate_square(~levels, size)
    return change
