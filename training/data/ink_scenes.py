"""Compose small photographs of handwriting, with their ink, for the network that finds ink."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from classifier.recognition.imaging.arrays import Grey
from training.data import glyphs, pen
from training.data import photo_effects as effects
from training.data.backgrounds import make_background, make_noise
from training.data.digit_forms import DigitForms
from training.data.images import Images
from training.data.photo_effects import recompress
from training.data.shadows import cast_shadow
from training.data.tiles import trim

SIDE = 192  # pixels of a finished picture
LETTERS = "ABCDEFGHKLMNPQRSTUVWXYabcdefghkmnpqrtuvwxy+=%&?#*"
MNIST_SHARE = 0.5  # of the digits; a pen draws the others
LETTER_SHARE = 0.1  # of the signs
TILT = 0.12  # of the sides, the most that a corner moves in perspective


@dataclass(frozen=True, eq=False)
class InkScene:
    """A grey picture (SIDE, SIDE) with dark ink, and the ink's coverage, both as bytes."""

    grey: NDArray[np.uint8]
    ink: NDArray[np.uint8]


class InkComposer:
    """A composer of scenes, which may copy the MNIST digits `images`."""

    def __init__(self, images: Images, rng: np.random.Generator) -> None:
        self._pixels, self._rng = images.pixels, rng
        self._forms = DigitForms(include_held_out=False)

    def compose(self) -> InkScene:
        """Compose a picture of a random size, and reduce it."""
        rng = self._rng
        shape = (int(SIDE * rng.choice([1, 1.5, 2], p=[0.5, 0.25, 0.25])),) * 2
        ink = self._write(shape)
        page = _make_paper(shape, rng) * (1 - _print_pattern(shape, rng))
        pressure = rng.uniform(0.12, 0.95) * (
            1 - rng.uniform(0, 0.4) * _make_unevenness(shape, rng)
        )
        page = page * (1 - pressure * ink)
        if rng.random() < 0.35:
            page, ink = _lay_on_table(page, ink, rng)
        return _photograph(_light(page, rng), ink, rng)

    def _write(self, shape: tuple[int, int]) -> Grey:
        """Return the ink of one sign, a line, some rows, or none."""
        rng, side = self._rng, shape[0]
        ink = np.zeros(shape, np.float32)
        layout = rng.choice(4, p=[0.4, 0.25, 0.27, 0.08])
        if layout == 0:
            height = side * math.exp(rng.uniform(math.log(0.12), math.log(0.95)))
            room = 0.3 * height if rng.random() < 0.2 else 0
            middle = rng.uniform(height / 2 - room, side - height / 2 + room, 2)
            self._place(ink, height, middle[0], middle[1], rng.uniform(0.25, 0.7))
            return ink
        rows = (1, int(rng.integers(2, 5)), 0)[layout - 1]
        if rows:
            height = side * math.exp(rng.uniform(math.log(0.08), math.log(0.5))) / max(1, rows / 2)
            pitch, slope = height * rng.uniform(0.65, 1.4), rng.normal(0, 0.04)
            top = rng.uniform(0.6 * height, max(side - rows * 1.5 * height, 0.7 * height))
            threshold = rng.uniform(0.25, 0.7)
            for row in range(rows):
                start = rng.uniform(0.3, 1.5) * pitch
                for column in range(int(rng.integers(2, 11))):
                    x = start + column * pitch
                    y = top + row * height * rng.uniform(1.3, 1.7) + slope * x
                    self._place(ink, height * rng.uniform(0.85, 1.15), y, x, threshold)
        return ink

    def _place(self, ink: Grey, height: float, y: float, x: float, threshold: float) -> None:
        """Write a sign with its middle at (x, y), as far as it lies inside."""
        sign = self._draw_sign(max(6, round(height)), threshold)
        top, left = round(y - sign.shape[0] / 2), round(x - sign.shape[1] / 2)
        own = sign[max(-top, 0) :, max(-left, 0) :]
        window = ink[max(top, 0) :, max(left, 0) :]
        high, wide = (min(a, b) for a, b in zip(own.shape, window.shape, strict=True))
        if high > 0 and wide > 0:
            np.maximum(window[:high, :wide], own[:high, :wide], out=window[:high, :wide])

    def _draw_sign(self, height: int, threshold: float) -> Grey:
        rng = self._rng
        if rng.random() < MNIST_SHARE:
            small = (self._pixels[rng.integers(len(self._pixels))] / 255).astype(np.float32)
            return _enlarge(trim(small), height, threshold)
        if rng.random() < LETTER_SHARE:
            strokes = glyphs.get_strokes("futural", LETTERS[rng.integers(len(LETTERS))])
            strokes = [pen.add_tremor(line, rng) for line in pen.fit_to_paper(strokes)]
        else:
            strokes = self._forms.write_digit(int(rng.integers(10)), rng.random(), rng)
        drawn = pen.draw_strokes(pen.fit_to_paper(strokes), rng.uniform(2, 14))
        return _enlarge(trim(drawn), height, 0.5)


def _enlarge(ink: Grey, height: int, threshold: float) -> Grey:
    """Resize the ink to `height`, with the sharp outline of a pen's stroke."""
    scale = height / len(ink)
    padded = np.pad(ink, 1)
    width, high = (max(3, round(side * scale)) for side in padded.shape[::-1])
    image = Image.fromarray(padded).resize((width, high), Image.Resampling.BICUBIC)
    steepness = max(1.0, scale / 2)
    return np.clip((np.asarray(image) - threshold) * steepness + 0.5, 0, 1)


def _make_unevenness(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    return np.abs(make_noise(shape, rng.uniform(0.03, 0.2) * shape[0], rng))


def _make_paper(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Return the reflectance of paper: smooth, mottled, or with a security pattern."""
    paper = np.full(shape, rng.uniform(0.5, 1), np.float32)
    kind = rng.random()
    if kind < 0.2:
        printed = make_background(rng)
        top, left = (int(rng.integers(1 + max(side - 128, 0))) for side in (128, 640))
        crop = Image.fromarray(printed[top : top + 128, left : left + 128])
        return np.asarray(crop.resize(shape[::-1], Image.Resampling.BICUBIC)).clip(0.05, 1)
    if kind < 0.5:
        paper *= 1 - rng.uniform(0, 0.12) * _make_unevenness(shape, rng)
        paper *= 1 - rng.uniform(0, 0.06) * make_noise(shape, rng.uniform(1.5, 6), rng)
    return paper


def _print_pattern(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Return printed ink: rules, a grid, frames, dust, or nothing."""
    side, kind = shape[0], rng.random()
    depth = rng.uniform(0.08, 0.7)
    degrees = rng.normal(0, 4) if rng.random() < 0.8 else rng.uniform(-45, 45)
    pitch, width = side * rng.uniform(0.07, 0.4), rng.uniform(0.7, 3.5) * side / 300
    if kind < 0.2:
        return (depth * effects.draw_rules(shape, degrees, pitch, width)).astype(np.float32)
    if kind < 0.35:
        return (depth * effects.draw_grid(shape, degrees, pitch, width)).astype(np.float32)
    if kind < 0.5:
        return depth * _draw_frames(shape, width, rng)
    if kind < 0.58:
        return depth * _draw_dust(shape, rng)
    return np.zeros(shape, np.float32)


def _draw_frames(shape: tuple[int, int], width: float, rng: np.random.Generator) -> Grey:
    """Draw one to five printed boxes in a row, or single lines across the picture."""
    image = Image.new("L", shape[::-1])
    draw, side = ImageDraw.Draw(image), shape[0]
    line = max(1, round(width))
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 4))):
            y, x = rng.uniform(0, side, 2)
            ends = [(0, y), (side, y + rng.normal(0, 8))]
            draw.line(
                ends if rng.random() < 0.6 else [(x, 0), (x + rng.normal(0, 8), side)], 255, line
            )
    else:
        left, top = rng.uniform(-0.1, 0.3, 2) * side
        wide, high = rng.uniform(0.15, 0.8) * side, rng.uniform(0.2, 0.8) * side
        for index in range(int(rng.integers(1, 6))):
            x = left + index * wide
            draw.rectangle([x, top, x + wide, top + high], outline=255, width=line)
    turned = image.rotate(float(rng.normal(0, 3)), Image.Resampling.BILINEAR)
    return (np.asarray(turned) / 255).astype(np.float32)


def _draw_dust(shape: tuple[int, int], rng: np.random.Generator) -> Grey:
    image = Image.new("L", shape[::-1])
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 60))):
        (x, y), radius = rng.uniform(0, shape[0], 2), rng.uniform(0.4, 1.6)
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], 255)
    return (np.asarray(image) / 255).astype(np.float32)


def _lay_on_table(page: Grey, ink: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """Return the page and its ink on a table, which one to four sides of the sheet leave free."""
    shape = page.shape[0], page.shape[1]
    is_free = rng.random(4) < 0.5
    is_free[rng.integers(4)] = True
    margins = np.where(is_free, rng.uniform(0.01, 0.2, 4), -0.5) * shape[0]
    degrees = rng.normal(0, 4)
    sheet = effects.draw_sheet(shape, margins, degrees)
    table = effects.draw_desk(shape, rng) * rng.uniform(0.3, 1.8)
    if rng.random() < 0.5:
        # The sheet's own shadow, which its thickness or curl casts on the table.
        shift = rng.uniform(-0.03, 0.03, 4) * shape[0]
        table = table * (
            1 - rng.uniform(0.2, 0.8) * effects.draw_sheet(shape, margins - shift, degrees)
        )
    mixed = sheet * page + (1 - sheet) * np.clip(table, 0.02, 1)
    return mixed.astype(np.float32), (ink * sheet).astype(np.float32)


def _light(page: Grey, rng: np.random.Generator) -> Grey:
    """Light the page: slow changes, folds, shadows, and a dark rim."""
    shape = page.shape[0], page.shape[1]
    light = effects.make_gradient(shape, rng, rng.uniform(0.4, 1))
    for share, make in ((0.12, effects.make_fold), (0.08, effects.make_rim)):
        if rng.random() < share:
            light = light * make(shape, rng)
    for _ in range(int(rng.choice(3, p=[0.45, 0.4, 0.15]))):
        light = light * cast_shadow(shape, rng.uniform(0.2, 0.85), rng)
    return (page * light).astype(np.float32)


def _photograph(page: Grey, ink: Grey, rng: np.random.Generator) -> InkScene:
    """Photograph the page in perspective, out of focus, with grain and compression; reduce it."""
    picture, coverage = (
        Image.fromarray(np.round(255 * layer.clip(0, 1)).astype(np.uint8)) for layer in (page, ink)
    )
    if rng.random() < 0.3:
        seed = int(rng.integers(2**32))
        picture, coverage = (
            effects.tilt(each, TILT, np.random.default_rng(seed)) for each in (picture, coverage)
        )
    if rng.random() < 0.6:
        blur = rng.uniform(0, 1.6) * page.shape[0] / 300
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    exposed = np.asarray(picture, np.float32) * rng.uniform(0.75, 1.05)
    sigma = rng.uniform(0, 4) if rng.random() < 0.8 else rng.uniform(3, 9)
    noisy = exposed + sigma * rng.standard_normal(page.shape, np.float32)
    picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        picture = recompress(picture, int(rng.integers(35, 95)))
    small = [each.resize((SIDE, SIDE), Image.Resampling.BOX) for each in (picture, coverage)]
    return InkScene(np.asarray(small[0]), np.asarray(small[1]))
