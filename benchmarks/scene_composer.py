"""Compose pictures of digits on paper, under the conditions that imaging must handle."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from classifier.recognition.imaging.arrays import Pixels, find_bounds
from training.data import glyphs, pen, shadows
from training.data import photo_effects as effects
from training.data.forms import list_forms
from training.data.images import Images
from training.data.photo_effects import Field, Shape

SIDE = 300
PAGE = 640, 960
PHOTO = 3000, 4000
PEN_SHARE = 0.3  # of the digits, which a simulated pen draws; the others are the source's
INK_EDGE = 0.4  # of full ink, at the outline of an enlarged digit


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture (h, w, 3), its digits in reading order, and their ink (h, w), 0 to 1."""

    pixels: Pixels
    digits: str
    ink: Field


@dataclass(frozen=True, eq=False)
class Writer:
    """A writer of digits, some copied from the source and some drawn by a pen."""

    source: Images
    rng: np.random.Generator

    def draw_digit(self, height: int) -> tuple[str, Field]:
        """Return a label and its trimmed ink, `height` pixels high."""
        if self.rng.random() < PEN_SHARE:
            label, ink = self._draw_with_pen()
        else:
            index = int(self.rng.integers(len(self.source)))
            label, ink = str(self.source.labels[index]), self.source.pixels[index] / 255
        return label, enlarge(trim(ink), height)

    def _draw_with_pen(self) -> tuple[str, Field]:
        models = [*2 * list_forms("schools"), *glyphs.list_digits()]
        label, strokes = models[self.rng.integers(len(models))]
        lines = pen.round_corners(strokes, int(self.rng.integers(1, 3)))
        lines = [pen.add_tremor(line, self.rng) for line in pen.fit_to_paper(lines)]
        ink = pen.draw_strokes(pen.fit_to_paper(lines), self.rng.uniform(4, 10))
        return str(label), ink.astype(np.float64)


def trim(ink: Field) -> Field:
    return ink[find_bounds(ink > INK_EDGE)]


def enlarge(ink: Field, height: int) -> Field:
    """Resize the ink, with the sharp outline of a pen's stroke and a blank border."""
    scale = height / len(ink)
    padded = np.pad(ink, 1).astype(np.float32)
    size = [max(3, round(side * scale)) for side in padded.shape[::-1]]
    image = Image.fromarray(padded).resize((size[0], size[1]), Image.Resampling.BICUBIC)
    steepness = max(1.0, scale / 2)
    return np.clip((np.asarray(image, np.float64) - INK_EDGE) * steepness + INK_EDGE, 0, 1)


Drawing = tuple[str, Field]


def write_digit(writer: Writer, shape: Shape, low: float = 0.3, high: float = 0.65) -> Drawing:
    """Write a digit at a random position, `low` to `high` of the picture's height."""
    label, ink = writer.draw_digit(int(writer.rng.uniform(low, high) * min(shape)))
    ink = ink[: shape[0], : shape[1]]
    field = np.zeros(shape)
    margin = 0.12 * min(shape)
    top, left = (
        int(writer.rng.uniform(min(margin, room / 2), max(room - margin, room / 2)))
        for room in (shape[0] - ink.shape[0], shape[1] - ink.shape[1])
    )
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return label, field


def shrink_to_width(ink: Field, width: int) -> Field:
    """Return the ink, shrunk in proportion if it is wider than `width` pixels."""
    if ink.shape[1] <= width:
        return ink
    size = width, max(1, round(len(ink) * width / ink.shape[1]))
    image = Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image, np.float64)


def write_two_rows(writer: Writer, shape: Shape) -> Drawing:
    """Write two rows of five digits, each with its own slope."""
    rng, field, labels = writer.rng, np.zeros(shape), ""
    height = int(shape[0] * rng.uniform(0.14, 0.2))
    for row in range(2):
        slope, pitch = rng.normal(0, 0.02), shape[1] * 0.74 / 5
        for column in range(5):
            label, ink = writer.draw_digit(int(height * rng.uniform(0.88, 1.12)))
            ink = shrink_to_width(ink, int(0.95 * pitch))
            left = int(shape[1] * 0.13 + (column + 0.5) * pitch - ink.shape[1] / 2)
            middle = shape[0] * (0.33 + 0.34 * row) + slope * (left - shape[1] / 2)
            top = int(middle - ink.shape[0] / 2 + rng.normal(0, 0.03 * height))
            window = field[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.maximum(window, ink, out=window)
            labels += label
    return labels, field


def photograph(
    drawing: Drawing,
    rng: np.random.Generator,
    light: Field | float = 1.0,
    depth: float | None = None,
    grain: float | None = None,
    printed: Field | float = 0.0,
) -> Scene:
    """Photograph ink on tinted paper under `light`.

    `depth` is the share of the light that the ink absorbs, and `grain` the noise in grey levels.
    """
    labels, ink = drawing
    tint = rng.uniform(0.78, 0.97) * (1 - rng.uniform(0, 0.08, 3))
    absorbed = rng.uniform(0.55, 0.95) if depth is None else depth
    colour = absorbed * (1 - rng.uniform(0, 0.3, 3) * (rng.random() < 0.5))
    through = (1 - 0.35 * np.asarray(printed)) * np.asarray(light) * np.ones(ink.shape)
    pixels = 255 * tint * through[..., None] * (1 - colour * ink[..., None])
    return Scene(add_grain(pixels, rng, grain), labels, ink)


def add_grain(pixels: NDArray[np.float64], rng: np.random.Generator, grain: float | None) -> Pixels:
    sigma = rng.uniform(1, 3) if grain is None else grain
    noise = rng.standard_normal(pixels.shape[:2], np.float32)[..., None] * sigma
    return np.clip(np.round(pixels + noise), 0, 255).astype(np.uint8)


def compose_digit(writer: Writer) -> Scene:
    return photograph(write_digit(writer, (SIDE, SIDE)), writer.rng)


def make_hard_shadow(shape: Shape, darkness: float, rng: np.random.Generator) -> Field:
    """Return light that a hand or its arm reduces to `darkness` on one side of a hard edge."""
    through = shape[1] * rng.uniform(0.35, 0.65), shape[0] * rng.uniform(0.35, 0.65)
    angle = rng.uniform(0, 2 * math.pi)
    edge = effects.measure_distance(shape, angle, through)
    if rng.random() < 0.5:  # fingers
        along = effects.measure_distance(shape, angle + math.pi / 2, through)
        length = max(shape) / rng.uniform(1.5, 3)
        edge = edge + max(shape) * rng.uniform(0.03, 0.08) * np.sin(along * 2 * math.pi / length)
    softness = rng.uniform(1, 0.012 * max(shape) + 1)
    inside = 1 / (1 + np.exp(-np.clip(4 * edge / softness, -40, 40)))
    return np.asarray(1 - (1 - darkness) * inside)


def cast_any_shadow(shape: Shape, darkness: float, rng: np.random.Generator) -> Field:
    """Return light with a hard shadow on one side, or with one of another shape."""
    cast = make_hard_shadow if rng.random() < 0.5 else shadows.cast_shadow
    return cast(shape, darkness, rng)


def compose_shadow(writer: Writer, darkness: float) -> Scene:
    """Compose a digit in a shadow that leaves the share `darkness` of the light."""
    shape = SIDE, SIDE
    light = cast_any_shadow(shape, darkness, writer.rng)
    light = light * effects.make_gradient(shape, writer.rng, 0.85)
    return photograph(write_digit(writer, shape), writer.rng, light)


def compose_printed(writer: Writer, draw_pattern: Callable[..., Field]) -> Scene:
    """Compose a digit on paper with rules or a grid."""
    rng, shape = writer.rng, (SIDE, SIDE)
    degrees, pitch, width = rng.uniform(-8, 8), rng.uniform(28, 70), rng.uniform(1, 3)
    printed = rng.uniform(0.5, 1.6) * draw_pattern(shape, degrees, pitch, width)
    return photograph(write_digit(writer, shape, 0.35), rng, printed=printed)


def compose_faint(writer: Writer) -> Scene:
    """Compose ink 25 grey levels darker than paper, whose grain has a deviation of 2.5."""
    labels, ink = write_digit(writer, (SIDE, SIDE))
    pixels = (writer.rng.uniform(190, 235) - 25 * ink)[..., None].repeat(3, axis=2)
    return Scene(add_grain(pixels, writer.rng, 2.5), labels, ink)


def compose_cropped(writer: Writer) -> Scene:
    """Compose a digit with two pixels of paper around it."""
    label, ink = writer.draw_digit(int(writer.rng.uniform(24, 200)))
    return photograph((label, np.pad(trim(ink), 2)), writer.rng)


def compose_cut_off(writer: Writer) -> Scene:
    """Compose a digit, of which a quarter is outside the picture."""
    label, ink = writer.draw_digit(int(writer.rng.uniform(0.4, 0.7) * SIDE))
    ink = trim(ink)
    turns = int(writer.rng.integers(4))
    turned = np.rot90(ink, turns)
    turned = turned[round(0.25 * len(turned)) :]
    room = int(0.3 * max(ink.shape))
    field = np.pad(turned, ((0, room), (room, room)))
    return photograph((label, np.rot90(field, -turns)), writer.rng)


def compose_desk(writer: Writer) -> Scene:
    """Compose a sheet on a darker table, with one to four of its sides visible."""
    return _lay_on_table(write_digit(writer, (SIDE, SIDE), 0.3, 0.5), writer.rng, 1.0)


def _lay_on_table(drawing: Drawing, rng: np.random.Generator, light: Field | float) -> Scene:
    """Photograph the drawing on a sheet that leaves some of a table visible."""
    labels, ink = drawing
    shape = ink.shape[0], ink.shape[1]
    is_visible = rng.random(4) < 0.5
    is_visible[rng.integers(4)] = True
    margins = np.where(is_visible, rng.uniform(0.03, 0.1, 4), -0.3) * min(shape)
    sheet = effects.draw_sheet(shape, margins, rng.normal(0, 2))
    table = 255 * effects.draw_desk(shape, rng)[..., None] * np.array([1, 0.85, 0.7])
    page = photograph((labels, ink * sheet), rng, grain=0).pixels
    pixels = sheet[..., None] * page + (1 - sheet[..., None]) * table
    lit = pixels * (np.asarray(light) * np.ones(shape))[..., None]
    return Scene(add_grain(lit, rng, None), labels, ink * sheet)


def compose_photo(writer: Writer) -> Scene:
    """Compose a sheet on a table in twelve megapixels."""
    rng = writer.rng
    shape = 750, 1000
    drawing = write_digit(writer, shape, 0.15, 0.5)
    small = _lay_on_table(drawing, rng, effects.make_gradient(shape, rng))
    large = Image.fromarray(small.pixels).resize(PHOTO[::-1], Image.Resampling.BICUBIC)
    return Scene(np.asarray(large), small.digits, small.ink)


def compose_page(writer: Writer) -> Scene:
    light = effects.make_gradient(PAGE, writer.rng)
    return photograph(write_two_rows(writer, PAGE), writer.rng, light)


def compose_shadowed_page(writer: Writer) -> Scene:
    """Compose a page with a hard shadow, on a dark table."""
    light = cast_any_shadow(PAGE, writer.rng.uniform(0.3, 0.6), writer.rng)
    return _lay_on_table(write_two_rows(writer, PAGE), writer.rng, light)


def compose_phone(writer: Writer) -> Scene:
    """Compose a folded page in perspective, out of focus and compressed, with a dark rim."""
    rng = writer.rng
    light = effects.make_fold(PAGE, rng) * effects.make_gradient(PAGE, rng, 0.6)
    light = light * effects.make_rim(PAGE, rng)
    scene = photograph(write_two_rows(writer, PAGE), rng, light)
    image = effects.tilt(Image.fromarray(scene.pixels), 0.06, rng)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    image = effects.recompress(image, int(rng.integers(45, 85)))
    return Scene(np.asarray(image), scene.digits, scene.ink)


def compose_inverted(writer: Writer) -> Scene:
    scene = photograph(write_digit(writer, (SIDE, SIDE)), writer.rng)
    return Scene(255 - scene.pixels, scene.digits, scene.ink)


def compose_loop(writer: Writer) -> Scene:
    """Compose a 0 or an 8 that fills the picture, so that most of the paper is in its hole."""
    label = ""
    while label not in ("0", "8"):
        label, ink = writer.draw_digit(200)
    ink = trim(ink)
    field = np.pad(ink, [(int(v), int(w)) for v, w in writer.rng.integers(2, 20, (2, 2))])
    return photograph((label, field), writer.rng)


CONDITIONS: dict[str, Callable[[Writer], Scene]] = {
    "plain": compose_digit,
    "shadow to 50 %": partial(compose_shadow, darkness=0.5),
    "shadow to 25 %": partial(compose_shadow, darkness=0.25),
    "ruled, up to 8°": partial(compose_printed, draw_pattern=effects.draw_rules),
    "grid, up to 8°": partial(compose_printed, draw_pattern=effects.draw_grid),
    "faint, 25 levels at σ 2.5": compose_faint,
    "cropped 2 px around the ink": compose_cropped,
    "a quarter cut off": compose_cut_off,
    "on a desk": compose_desk,
    "photo of 12 megapixels": compose_photo,
    "page of ten": compose_page,
    "page with shadow and edge": compose_shadowed_page,
    "page, folded, rim, blur, JPEG": compose_phone,
    "light on dark": compose_inverted,
    "large 0 and 8": compose_loop,
}


def compose_scenes(condition: str, source: Images, count: int, seed: int) -> list[Scene]:
    """Compose `count` scenes of a condition; the same arguments give the same scenes."""
    writer = Writer(source, np.random.default_rng((seed, [*CONDITIONS].index(condition))))
    return [CONDITIONS[condition](writer) for _ in range(count)]
