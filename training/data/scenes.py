"""Pictures as people take them: digits on paper, under the conditions that imaging must bear."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.data import paper, pen, styles
from training.data.images import Images, Pixels
from training.data.paper import Field, Shape

SIDE = 300
PAGE = 640, 960
PHOTO = 3000, 4000
PEN_SHARE = 0.3  # of the digits that a simulated pen draws; the rest are the source's
INK_EDGE = 0.4  # of a source's pixel; the outline of an enlarged digit


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, (h, w, 3); its digits in reading order; and where their ink is, (h, w) 0 to 1."""

    pixels: Pixels
    digits: str
    ink: Field


@dataclass(frozen=True, eq=False)
class Writer:
    """Digits to put on paper: real ones, and those of a pen."""

    source: Images
    rng: np.random.Generator

    def digit(self, height: int) -> tuple[str, Field]:
        """Return a label and its trimmed ink, `height` pixels high."""
        if self.rng.random() < PEN_SHARE:
            label, ink = self._penned()
        else:
            place = int(self.rng.integers(len(self.source)))
            label, ink = str(self.source.labels[place]), self.source.pixels[place] / 255
        return label, enlarged(trimmed(ink), height)

    def _penned(self) -> tuple[str, Field]:
        models = styles.list_forms()
        label, strokes = models[self.rng.integers(len(models))]
        lines = pen.round_corners(strokes, int(self.rng.integers(1, 3)))
        lines = pen.fit_to_paper(
            [pen.add_tremor(line, self.rng) for line in pen.fit_to_paper(lines)]
        )
        return str(label), pen.draw_strokes(lines, self.rng.uniform(4, 10)).astype(np.float64)


def trimmed(ink: Field) -> Field:
    rows, columns = (np.flatnonzero((ink > INK_EDGE).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def enlarged(ink: Field, height: int) -> Field:
    """Return the ink at another size with the outline of a pen's stroke, and a blank border."""
    scale = height / len(ink)
    padded = np.pad(ink, 1).astype(np.float32)
    size = [max(3, round(side * scale)) for side in padded.shape[::-1]]
    image = Image.fromarray(padded).resize((size[0], size[1]), Image.Resampling.BICUBIC)
    steepness = max(1.0, scale / 2)
    return np.clip((np.asarray(image, np.float64) - INK_EDGE) * steepness + INK_EDGE, 0, 1)


Drawing = tuple[str, Field]


def one_digit(writer: Writer, shape: Shape, low: float = 0.3, high: float = 0.65) -> Drawing:
    """Return a digit at a random place, between `low` and `high` of the picture's height."""
    label, ink = writer.digit(int(writer.rng.uniform(low, high) * min(shape)))
    ink = ink[: shape[0], : shape[1]]
    field = np.zeros(shape)
    margin = 0.12 * min(shape)
    top, left = (
        int(writer.rng.uniform(min(margin, room / 2), max(room - margin, room / 2)))
        for room in (shape[0] - ink.shape[0], shape[1] - ink.shape[1])
    )
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return label, field


def two_rows(writer: Writer, shape: Shape) -> Drawing:
    """Return two rows of five digits, each row with a slope of its own."""
    rng, field, labels = writer.rng, np.zeros(shape), ""
    height = int(shape[0] * rng.uniform(0.14, 0.2))
    for row in range(2):
        slope, pitch = rng.normal(0, 0.02), shape[1] * 0.74 / 5
        for place in range(5):
            label, ink = writer.digit(int(height * rng.uniform(0.88, 1.12)))
            ink = ink[:, : int(0.95 * pitch)]
            left = int(shape[1] * 0.13 + (place + 0.5) * pitch - ink.shape[1] / 2)
            middle = shape[0] * (0.33 + 0.34 * row) + slope * (left - shape[1] / 2)
            top = int(middle - ink.shape[0] / 2 + rng.normal(0, 0.03 * height))
            window = field[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.maximum(window, ink, out=window)
            labels += label
    return labels, field


def photographed(
    drawing: Drawing,
    rng: np.random.Generator,
    light: Field | float = 1.0,
    depth: float | None = None,
    grain: float | None = None,
    printed: Field | float = 0.0,
) -> Scene:
    """Return ink on tinted paper under `light`; `depth` is the part of the light it takes, and
    `grain` the noise in grey levels."""
    labels, ink = drawing
    tint = rng.uniform(0.78, 0.97) * (1 - rng.uniform(0, 0.08, 3))
    taken = rng.uniform(0.55, 0.95) if depth is None else depth
    colour = taken * (1 - rng.uniform(0, 0.3, 3) * (rng.random() < 0.5))
    through = (1 - 0.35 * np.asarray(printed)) * np.asarray(light) * np.ones(ink.shape)
    pixels = 255 * tint * through[..., None] * (1 - colour * ink[..., None])
    return Scene(finished(pixels, rng, grain), labels, ink)


def finished(pixels: NDArray[np.float64], rng: np.random.Generator, grain: float | None) -> Pixels:
    sigma = rng.uniform(1, 3) if grain is None else grain
    noise = rng.standard_normal(pixels.shape[:2], np.float32)[..., None] * sigma
    return np.clip(np.round(pixels + noise), 0, 255).astype(np.uint8)


def plain(writer: Writer) -> Scene:
    return photographed(one_digit(writer, (SIDE, SIDE)), writer.rng)


def half_shadow(writer: Writer) -> Scene:
    return _shadowed(writer, 0.5)


def deep_shadow(writer: Writer) -> Scene:
    return _shadowed(writer, 0.25)


def _shadowed(writer: Writer, darkness: float) -> Scene:
    shape = SIDE, SIDE
    light = paper.shadow(shape, darkness, writer.rng) * paper.gradient(shape, writer.rng, 0.85)
    return photographed(one_digit(writer, shape), writer.rng, light)


def ruled(writer: Writer) -> Scene:
    return _printed(writer, paper.ruled)


def grid(writer: Writer) -> Scene:
    return _printed(writer, paper.grid)


def _printed(writer: Writer, rules: Callable[..., Field]) -> Scene:
    rng, shape = writer.rng, (SIDE, SIDE)
    degrees, pitch, width = rng.uniform(-8, 8), rng.uniform(28, 70), rng.uniform(1, 3)
    printed = rng.uniform(0.5, 1.6) * rules(shape, degrees, pitch, width)
    return photographed(one_digit(writer, shape, 0.35), rng, printed=printed)


def faint(writer: Writer) -> Scene:
    """Return ink 25 grey levels darker than paper whose grain has a deviation of 2.5."""
    labels, ink = one_digit(writer, (SIDE, SIDE))
    pixels = (writer.rng.uniform(190, 235) - 25 * ink)[..., None].repeat(3, axis=2)
    return Scene(finished(pixels, writer.rng, 2.5), labels, ink)


def cropped(writer: Writer) -> Scene:
    """Return a digit with two pixels of paper about it."""
    label, ink = writer.digit(int(writer.rng.uniform(24, 200)))
    return photographed((label, np.pad(trimmed(ink), 2)), writer.rng)


def cut_off(writer: Writer) -> Scene:
    """Return a digit of which the picture's border takes a quarter."""
    label, ink = writer.digit(int(writer.rng.uniform(0.4, 0.7) * SIDE))
    ink = trimmed(ink)
    turns = int(writer.rng.integers(4))
    turned = np.rot90(ink, turns)
    turned = turned[round(0.25 * len(turned)) :]
    room = int(0.3 * max(ink.shape))
    field = np.pad(turned, ((0, room), (room, room)))
    return photographed((label, np.rot90(field, -turns)), writer.rng)


def on_a_desk(writer: Writer) -> Scene:
    """Return a sheet on a darker table, of which one to four sides show."""
    shape = SIDE, SIDE
    return _laid(one_digit(writer, shape, 0.3, 0.5), writer.rng, 1.0)


def _laid(drawing: Drawing, rng: np.random.Generator, light: Field | float) -> Scene:
    """Return the drawing on a sheet that leaves some of a table to be seen."""
    labels, ink = drawing
    shape = ink.shape[0], ink.shape[1]
    shown = rng.random(4) < 0.5
    shown[rng.integers(4)] = True
    margins = np.where(shown, rng.uniform(0.03, 0.1, 4), -0.3) * min(shape)
    sheet = paper.sheet(shape, margins, rng.normal(0, 2))
    table = 255 * paper.desk(shape, rng)[..., None] * np.array([1, 0.85, 0.7])
    page = photographed((labels, ink * sheet), rng, grain=0).pixels
    pixels = sheet[..., None] * page + (1 - sheet[..., None]) * table
    lit = pixels * (np.asarray(light) * np.ones(shape))[..., None]
    return Scene(finished(lit, rng, None), labels, ink * sheet)


def photo(writer: Writer) -> Scene:
    """Return a sheet on a table in twelve megapixels."""
    rng = writer.rng
    small = _laid(one_digit(writer, (750, 1000), 0.15, 0.5), rng, paper.gradient((750, 1000), rng))
    large = Image.fromarray(small.pixels).resize(PHOTO[::-1], Image.Resampling.BICUBIC)
    return Scene(np.asarray(large), small.digits, small.ink)


def page(writer: Writer) -> Scene:
    light = paper.gradient(PAGE, writer.rng)
    return photographed(two_rows(writer, PAGE), writer.rng, light)


def shadowed_page(writer: Writer) -> Scene:
    """Return a page with a hard shadow on it and a dark edge about it."""
    light = paper.shadow(PAGE, writer.rng.uniform(0.3, 0.6), writer.rng)
    return _laid(two_rows(writer, PAGE), writer.rng, light)


def phone(writer: Writer) -> Scene:
    """Return a folded page in perspective, out of focus and compressed, with a dark rim."""
    rng = writer.rng
    light = paper.fold(PAGE, rng) * paper.gradient(PAGE, rng, 0.6) * paper.rim(PAGE, rng)
    scene = photographed(two_rows(writer, PAGE), rng, light)
    image = paper.tilted(Image.fromarray(scene.pixels), 0.06, rng)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    image = paper.recompressed(image, int(rng.integers(45, 85)))
    return Scene(np.asarray(image), scene.digits, scene.ink)


def inverted(writer: Writer) -> Scene:
    scene = photographed(one_digit(writer, (SIDE, SIDE)), writer.rng)
    return Scene(255 - scene.pixels, scene.digits, scene.ink)


def loop(writer: Writer) -> Scene:
    """Return a 0 or an 8 that fills the picture, so that most of the paper is in its hole."""
    while True:
        label, ink = writer.digit(200)
        if label in "08":
            break
    ink = trimmed(ink)
    field = np.pad(ink, [(int(v), int(w)) for v, w in writer.rng.integers(2, 20, (2, 2))])
    return photographed((label, field), writer.rng)


CONDITIONS: dict[str, Callable[[Writer], Scene]] = {
    "plain": plain,
    "shadow to 50 %": half_shadow,
    "shadow to 25 %": deep_shadow,
    "ruled, up to 8°": ruled,
    "grid, up to 8°": grid,
    "faint, 25 levels at σ 2.5": faint,
    "cropped 2 px around the ink": cropped,
    "a quarter cut off": cut_off,
    "on a desk": on_a_desk,
    "photo of 12 megapixels": photo,
    "page of ten": page,
    "page with shadow and edge": shadowed_page,
    "page, folded, rim, blur, JPEG": phone,
    "light on dark": inverted,
    "large 0 and 8": loop,
}


def scenes(condition: str, source: Images, count: int, seed: int) -> list[Scene]:
    """Return `count` scenes of a condition; the same arguments give the same scenes."""
    place = list(CONDITIONS).index(condition)
    writer = Writer(source, np.random.default_rng((seed, place)))
    return [CONDITIONS[condition](writer) for _ in range(count)]
