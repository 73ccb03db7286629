"""Finds what shows the ink: the colour and the polarity of a picture, and the paper's own light."""

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Mask, Pixels
from classifier.recognition.imaging.morphology import closing, window_max

SMALL_SIDE = 96  # light and polarity vary slowly, so they are judged on a reduced picture
LEAST_LIT = 128  # pixels of the shorter side: smaller pictures show no shadow of their own
LEAST_SMOOTHED = 220  # pixels of the shorter side; smoothing would thicken the strokes of less
LEAST_WINDOW = 15  # across a thumbnail the light hardly changes, but brushes fill half of it
UNIFORM = 0.85  # of the picture's outermost pixels; so many of one shade are paper
FILLED = 0.75  # of its box; a sheet on a desk fills more, and a digit less
LEAST_RING = 16  # pixels: digits of less fill the picture to its border
LEAST_DESK = 40  # pixels of the reduced picture: thumbnails show no desk
SHEET = 0.35  # of the shorter side: no light stroke is so wide
STROKE_WINDOWS = 3, 5, 9  # pixels of the reduced picture: wider than strokes of some size
SHADED = 0.7  # of the brightest paper's light
STRIP = 0.4  # of the shorter side: twice as wide as a desk's strip along the border may be
DEPTH = 0.15  # of the shorter side: what is further from the border lies on the paper
DESK = 0.65  # of the light of the paper beside it
DEEP = 0.5  # of a logarithm: the ink's; what is deeper counts no more
CLEARLY = 0.1  # of a logarithm: how much more thin detail of one shade than of the other


def dark_on_light(pixels: Pixels) -> Grey:
    """The picture in grey, from 0 to 255, with ink dark whatever its colour."""
    small = small_copy(pixels)
    grey = pixels.astype(np.float32)
    if pixels.ndim == 3:
        axis = ink_axis(small)
        small, grey = small @ axis, grey @ axis
        below = 255 * np.minimum(axis, 0).sum()
        small, grey = small - below, grey - below
    return grey if ink_is_dark(small) else 255 - grey


def small_copy(pixels: Pixels) -> Grey:
    """The picture averaged over blocks, which also averages out the paper's grain."""
    factor = -(-max(pixels.shape[:2]) // SMALL_SIDE)
    # Of a long strip enough height has to be left to be judged by quadrants.
    factor = max(1, min(factor, min(pixels.shape[:2]) // 4))
    return np.asarray(Image.fromarray(pixels).reduce(factor), np.float32)


def ink_axis(small: Grey) -> Grey:
    """The weights of red, green and blue that show the edges best.

    The leading eigenvector of Di Zenzo's colour gradient tensor (1986): luminance for black
    ink, blue for yellow ink on white, whatever the paper's own colour.
    """
    steps = [np.diff(small, axis=axis).reshape(-1, 3) for axis in (0, 1)]
    gradient = np.concatenate(steps)
    axis = np.linalg.eigh(gradient.T @ gradient)[1][:, -1]
    axis *= np.sign(axis.sum()) or 1
    weights: Grey = (axis / np.abs(axis).sum()).astype(np.float32)
    return weights


def ink_is_dark(small: Grey) -> bool:
    """Whether the ink is darker than the paper, by what is clearest of three signs.

    Paper makes up the outermost pixels, unless a desk does; and thin detail is ink.
    """
    side = min(small.shape)
    by_ring = _is_ringed_by_light(small) if side >= LEAST_RING else None
    if by_ring is not None:
        return by_ring
    levels = np.clip(small, 1, 255).astype(np.uint8)
    paper = closing(levels, round(STRIP * min(small.shape)))
    lit = np.percentile(paper, 5) > SHADED * np.percentile(paper, 95)
    if lit or side < LEAST_DESK:
        return _edges_are_dark(small)
    signs = [
        np.log(1 + _detail(closing(levels, window), levels))
        - np.log(1 + _detail(levels, ~closing(~levels, window)))
        for window in STROKE_WINDOWS
    ]
    clearest = max(signs, key=abs)
    return clearest > 0 if abs(clearest) > CLEARLY else _edges_are_dark(small)


def _detail(upper: Pixels, lower: Pixels) -> float:
    """How much detail lies between both, by ratio, as ink and shadows multiply the light."""
    ratio = np.log(upper.astype(np.float32)) - np.log(lower.astype(np.float32))
    return float((np.minimum(ratio, DEEP) ** 2).sum())


def _is_ringed_by_light(small: Grey) -> bool | None:
    """Whether light paper is all around, or None where neither shade is or a sheet is inside."""
    low, high = np.percentile(small, (0.5, 99.5))
    bright = small > (low + high) / 2
    ring = np.concatenate((bright[0], bright[-1], bright[1:-1, 0], bright[1:-1, -1]))
    share = float(ring.mean())
    if max(share, 1 - share) < UNIFORM:
        return None
    inside = bright != (share > 0.5)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    box = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = min(small.shape)
    if share <= 0.5 and side >= LEAST_DESK and _holds_a_sheet(box, round(SHEET * side)):
        return None
    return share > 0.5 if box.mean() < FILLED else None


def _holds_a_sheet(bright: Mask, side: int) -> bool:
    """Whether a square of paper is among what is bright, whatever is written on it."""
    unwritten = closing(bright.astype(np.uint8), STROKE_WINDOWS[-1])
    return bool((~closing(~unwritten, side)).any())


def _edges_are_dark(small: Grey) -> bool:
    """Whether the sharp edges lie on the dark side of the paper, which fills each quadrant.

    Edges are what ink has and shadows lack; the median of a quadrant rather than of the whole
    lets the light fall off across the picture.
    """
    tall, wide = small.shape
    energy, side = _edge_energy(small), 0.0
    for rows in (slice(tall // 2), slice(tall // 2, None)):
        for columns in (slice(wide // 2), slice(wide // 2, None)):
            quadrant = small[rows, columns]
            side += float((energy[rows, columns] * (quadrant - _median(quadrant))).sum())
    return side <= 0


def _edge_energy(image: Grey) -> Grey:
    """The squared gradient, by forward differences."""
    energy = np.zeros_like(image)
    energy[:-1] += np.diff(image, axis=0) ** 2
    energy[:, :-1] += np.diff(image, axis=1) ** 2
    return energy


def _median(values: Grey) -> np.float32:
    """As np.median has it, without the time that it takes to look for NaNs."""
    low, high = (values.size - 1) // 2, values.size // 2
    both = np.partition(values, (low, high), axis=None)[low : high + 1]
    return np.float32(both.mean())


def paper_light(grey: Grey, size: float) -> Grey:
    """The light that the paper reflects at each pixel, at least 1, where strokes are narrower
    than `size` pixels.

    A closing fills strokes and follows any edge of a shadow, hard or soft, because what it
    preserves are slopes and half-planes (Serra 1982).
    """
    levels = np.clip(np.ceil(grey), 1, 255).astype(np.uint8)
    light: Grey = closing(levels, max(LEAST_WINDOW, round(size)) | 1).astype(np.float32)
    return light


def desk_strips(light: Grey) -> Mask:
    """Where a desk or a dark rim shows along the border, by the light of narrow strips.

    A closing by a window twice as wide as a strip gives it the light of the paper beside it.
    """
    step = max(1, min(light.shape) // SMALL_SIDE)
    small = np.ascontiguousarray(light[::step, ::step]).astype(np.uint8)
    strips = small < DESK * closing(small, round(STRIP * min(small.shape)))
    deep = round(DEPTH * min(small.shape))
    strips[deep:-deep, deep:-deep] = False
    if not strips.any():
        return np.zeros(light.shape, np.bool_)
    strips = window_max(strips, 3)
    full = strips.repeat(step, axis=0).repeat(step, axis=1)
    return full[: light.shape[0], : light.shape[1]]


def smoothed(grey: Grey) -> Grey:
    """The binomial mean of three by three pixels."""
    padded = np.pad(grey, 1, mode="edge")
    rows = padded[:-2] + padded[2:]
    rows += padded[1:-1]
    rows += padded[1:-1]
    mean: Grey = rows[:, :-2] + rows[:, 2:]
    mean += rows[:, 1:-1]
    mean += rows[:, 1:-1]
    mean *= 1 / 16
    return mean


def has_edge(grey: Grey, light: Grey, step: Grey, size: int) -> Mask:
    """Where the grey itself changes by `step` of the paper's light in a window of that size."""
    levels = np.clip(grey, 0, 255).astype(np.uint8)  # whole levels take a fifth of the time
    span = window_max(levels, size) - ~window_max(~levels, size)
    return np.asarray(span > step * light)
