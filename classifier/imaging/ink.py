"""Tells ink from paper: how much ink each pixel holds, whatever the light and the colours."""

import numpy as np
from PIL import Image

from classifier.imaging.arrays import Grey, Pixels
from classifier.imaging.components import Components, find_components
from classifier.imaging.morphology import closing
from classifier.imaging.rules import rule_pixels

SMALL_SIDE = 96  # light and polarity vary slowly, so they are judged on a reduced picture
# The closing must bridge the thickest brush, a quarter of a thumbnail's side, and still
# follow shadows narrower than the picture.
PAPER_WINDOW = 0.4
LEAST_WINDOW = 15  # across a thumbnail the light hardly changes, but brushes fill half of it
TAIL = 0.2  # of the full stroke; ink this faint still belongs to a stroke that it touches
FAINTEST = 10.0  # grey levels; less contrast than this no eye calls ink
NOISE_SIGMAS = 5.0  # of Gaussian grain, one pixel in a million passes this by chance


def find_ink(pixels: Pixels) -> tuple[Grey, Components]:
    """The ink of each pixel, from 0 for paper to 1 for the pen's full stroke; and its pieces."""
    small = small_copy(pixels)
    grey = pixels.astype(np.float32)
    if pixels.ndim == 3:
        axis = ink_axis(small)
        small, grey = small @ axis, grey @ axis
    if not ink_is_dark(small):
        small, grey = -small, -grey
    contrast = contrast_to_paper(small, grey)
    floor = noise_floor(contrast)
    ink = scaled(contrast, floor)
    mask = ink > TAIL
    pieces = find_components(mask)
    rules = rule_pixels(mask, pieces)
    if rules is None:
        return ink, pieces
    # Digits may be fainter than the print about them, so their own contrast counts alone.
    ink = scaled(np.where(rules, 0, contrast), floor)
    return ink, find_components(ink > TAIL)


def scaled(contrast: Grey, floor: float) -> Grey:
    full = ink_level(contrast, floor)
    if full / 2 <= floor:
        return np.zeros_like(contrast)
    ink: Grey = np.clip((contrast - floor / 2) / (full - floor / 2), 0, 1)
    return ink


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


def edge_energy(image: Grey) -> Grey:
    """The squared gradient, by forward differences."""
    energy = np.zeros_like(image)
    energy[:-1] += np.diff(image, axis=0) ** 2
    energy[:, :-1] += np.diff(image, axis=1) ** 2
    return energy


def ink_is_dark(small: Grey) -> bool:
    """Whether the sharp edges lie on the dark side of the paper, which fills each quadrant.

    Edges are what ink has and shadows lack; the median of a quadrant rather than of the whole
    lets the light fall off across the picture.
    """
    tall, wide = small.shape
    energy, side = edge_energy(small), 0.0
    for rows in (slice(tall // 2), slice(tall // 2, None)):
        for columns in (slice(wide // 2), slice(wide // 2, None)):
            quadrant = small[rows, columns]
            side += float((energy[rows, columns] * (quadrant - median(quadrant))).sum())
    return side <= 0


def median(values: Grey) -> np.float32:
    """As np.median has it, without the time that it takes to look for NaNs."""
    low, high = (values.size - 1) // 2, values.size // 2
    both = np.partition(values, (low, high), axis=None)[low : high + 1]
    return np.float32(both.mean())


def contrast_to_paper(small: Grey, grey: Grey) -> Grey:
    """How much darker each pixel is than the paper would be there."""
    window = max(LEAST_WINDOW, round(PAPER_WINDOW * min(small.shape)))
    paper = Image.fromarray(closing(small, window)).resize(
        grey.shape[::-1], Image.Resampling.BILINEAR
    )
    return np.asarray(paper) - grey


def noise_floor(contrast: Grey) -> float:
    """The contrast that the paper's own grain reaches."""
    sample = contrast.ravel()[:: max(1, contrast.size // 20000)]
    faint, middle = np.percentile(sample, (5, 25))
    return float(max(middle + NOISE_SIGMAS * (middle - faint), FAINTEST))


def ink_level(contrast: Grey, floor: float) -> float:
    """The full contrast of the ink: twice the mean at its edges.

    Weighting by the gradient is the simple image statistic of Kittler, Illingworth and
    Föglein (1985); unlike Otsu's threshold it does not ask how much ink there is.
    """
    total = weighted = 0.0
    for one, next_one in (
        (contrast[:-1], contrast[1:]),
        (contrast[:, :-1], contrast[:, 1:]),
    ):
        step, both = next_one - one, next_one + one
        weight = step * step * (both > floor)
        total += float(weight.sum())
        weighted += float((weight * both).sum())
    return weighted / total if total else 0.0
