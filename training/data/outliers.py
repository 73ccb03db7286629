"""Generates synthetic non-digits: letters, figures, spoilt digits and pieces of photos."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from classifier.recognition import imaging
from classifier.recognition.imaging.arrays import Grey, Pixels
from classifier.recognition.imaging.normalize import convert_to_mnist, trim
from training.data import digit_forms, figures, glyphs, pen, typefaces
from training.data.forms import list_forms
from training.data.images import Images

# The characters of each Hershey font and its share. Characters that a hand may write like a digit,
# such as O, l and Z, are left out.
CHARACTERS = {
    "greeks": (0.22, "ABCDEGJKLMNPQRSTUVWXabcdegjklmnpqrstuvwx"),
    "futural": (0.22, "ABCDEFGHKLMNPRTUVWXYacdefhkmnprtuvwx#%&*+@<=~["),
    "scripts": (0.12, "ABCEFHKMNPRTUVWXadefhkmnprtuvwx"),
    "cursive": (0.08, "ABDEFGHKMNPRTUVWXadefhkmnprtuvwx"),
    "timesr": (0.07, "ABCDEFGHIKLMNPRTUVWXYacdefhkmnprtuvwx"),
    "timesi": (0.07, "ABCDEFGHKLMNPRTUVWXYadefhkmnprtuvwx"),
    "cyrilc_1": (0.04, "ACDEFGIKLMNPQSTUVWYZ"),
    "japanese": (0.07, "#$%&()*+,-.067ABDEFGIKMNPTUVWXZ"),
    "mathlow": (0.05, '!"#$^_bghijkln'),
    "symbolic": (0.06, "AIJKLNOPQRSTUVWXYZ_abcdefhimnop~"),
}
# Digits whose upper or lower half, or whose turned or mirrored image, is not a digit.
UPPER_HALF, LOWER_HALF = (0, 4, 5), (0, 2)
TURNED, MIRRORED = (3, 4, 5, 7), (3, 4, 6, 7, 9)
# Digits that nobody writes with a bar or slash.
STRUCK = (2, 3, 5, 6, 8, 9)
ENLARGED, MARGIN = 60, 40  # pixels of the height of a digit that is drawn on, and around it

Generator = Callable[[np.random.Generator], Pixels]


class DigitPool:
    """Real digits, by class, to make non-digits of."""

    def __init__(self, images: Images) -> None:
        self._by_class = {digit: images.pixels[images.labels == digit] for digit in range(10)}

    def pick(self, rng: np.random.Generator, classes: tuple[int, ...] = tuple(range(10))) -> Grey:
        """Return the ink, 0 to 1, of a random digit of one of these classes."""
        present = [digit for digit in classes if len(self._by_class[digit])]
        pool = self._by_class[int(rng.choice(present))]
        ink: Grey = (pool[rng.integers(len(pool))] / 255).astype(np.float32)
        return ink


def generate_outliers(count: int, digits: DigitPool, rng: np.random.Generator) -> Pixels:
    """Return (count, 28, 28) pixels, ink = 255, in imaging's format."""
    generators: list[tuple[float, Generator]] = [
        (0.22, draw_character),
        (0.19, typefaces.draw_letter),
        (0.19, draw_letter),
        (0.06, draw_scribble),
        (0.08, figures.draw_figure),
        (0.06, partial(join_digits, digits)),
        (0.05, partial(turn_digit, digits)),
        (0.04, partial(halve_digit, digits)),
        (0.03, partial(strike_digit, digits)),
        (0.02, partial(circle_digit, digits)),
        (0.06, cut_photo),
    ]
    shares = [share for share, _ in generators]
    chosen = rng.choice(len(generators), size=count, p=shares)
    return np.stack([generators[index][1](rng) for index in chosen])


def draw_character(rng: np.random.Generator) -> Pixels:
    shares = [share for share, _ in CHARACTERS.values()]
    name = str(rng.choice(list(CHARACTERS), p=shares))
    sign = str(rng.choice(list(CHARACTERS[name][1])))
    return pen.draw_sign(
        pen.round_corners(glyphs.get_strokes(name, sign), int(rng.integers(2))), rng
    )


def draw_letter(rng: np.random.Generator) -> Pixels:
    """Return a letter in hasty handwriting."""
    letters = list_forms("letters")
    _letter, strokes = letters[rng.integers(len(letters))]
    return pen.draw_sign(digit_forms.write_strokes(strokes, rng), rng)


def draw_scribble(rng: np.random.Generator) -> Pixels:
    lines = [rng.uniform(0, 10, (rng.integers(4, 12), 2)) for _ in range(rng.integers(1, 4))]
    return pen.draw_sign(pen.round_corners(lines, int(rng.integers(3))), rng)


def join_digits(digits: DigitPool, rng: np.random.Generator) -> Pixels:
    """Return two digits that touch or overlap."""
    left, right = (trim(digits.pick(rng)) for _ in range(2))
    overlap = int(rng.integers(0, 4))
    height = max(len(left), len(right))
    field = np.zeros((height, left.shape[1] + right.shape[1] - overlap), np.float32)
    field[height - len(left) :, : left.shape[1]] = left
    target = field[: len(right), left.shape[1] - overlap :]
    np.maximum(target, right, out=target)
    return convert_to_mnist(field)


def turn_digit(digits: DigitPool, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:
        return convert_to_mnist(np.rot90(digits.pick(rng, TURNED), int(rng.choice([1, 3]))).copy())
    return convert_to_mnist(digits.pick(rng, MIRRORED)[:, ::-1].copy())


def halve_digit(digits: DigitPool, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:
        ink = trim(digits.pick(rng, UPPER_HALF))
        return convert_to_mnist(ink[: len(ink) // 2].copy())
    ink = trim(digits.pick(rng, LOWER_HALF))
    return convert_to_mnist(ink[len(ink) // 2 :].copy())


def strike_digit(digits: DigitPool, rng: np.random.Generator) -> Pixels:
    """Return a digit that is crossed out."""
    image = _enlarge(digits.pick(rng, STRUCK))
    for _ in range(rng.integers(1, 4)):
        beyond = rng.uniform(0.1, 0.4) * ENLARGED
        start, stop = MARGIN + ENLARGED * rng.uniform(0.2, 0.8, 2)
        line = [(MARGIN - beyond, start), (image.width - MARGIN + beyond, stop)]
        ImageDraw.Draw(image).line(line, 255, int(rng.integers(4, 9)))
    return pen.convert_drawing(image)


def circle_digit(digits: DigitPool, rng: np.random.Generator) -> Pixels:
    """Return a digit in a circle, as in a list or an exam."""
    image = _enlarge(digits.pick(rng))
    left, top, right, bottom = rng.uniform(0, 0.6, 4) * MARGIN
    box = [left, top, image.width - right, image.height - bottom]
    ImageDraw.Draw(image).ellipse(box, outline=255, width=int(rng.integers(4, 9)))
    return pen.convert_drawing(image)


def _enlarge(ink: Grey) -> Image.Image:
    """Return the digit ENLARGED pixels high, with a margin."""
    trimmed = np.round(trim(ink) * 255).astype(np.uint8)
    width = max(1, round(trimmed.shape[1] * ENLARGED / len(trimmed)))
    image = Image.fromarray(trimmed).resize((width, ENLARGED), Image.Resampling.BICUBIC)
    return ImageOps.expand(image, MARGIN)


def cut_photo(rng: np.random.Generator) -> Pixels:
    """Return a piece that imaging cuts out of a photo without writing."""
    while True:
        pieces = imaging.find_digits(imaging.Picture.from_array(_crop_photo(rng)))
        if pieces:
            return pieces[rng.integers(len(pieces))].pixels


def _crop_photo(rng: np.random.Generator) -> Pixels:
    photos = _load_photos()
    photo = photos[rng.integers(len(photos))]
    side = int(rng.integers(60, min(photo.shape[:2])))
    top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
    crop = photo[top : top + side, left : left + side]
    small = Image.fromarray(crop).resize((96, 96), Image.Resampling.BILINEAR)
    upright = np.asarray(small)[:, :: rng.choice([1, -1])]
    return np.ascontiguousarray(np.rot90(upright, int(rng.integers(4))))


@cache
def _load_photos() -> list[Pixels]:
    """Return the photos that scikit-learn and matplotlib contain."""
    from matplotlib import cbook
    from sklearn.datasets import load_sample_images

    portrait = Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    return [*load_sample_images().images, np.asarray(Image.open(portrait))]
