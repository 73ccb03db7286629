"""What people send that is no digit, made here: letters, scribbles, spoilt digits, photos."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition import imaging
from classifier.recognition.imaging.normalize import to_mnist, trim
from training.data import glyphs, pen
from training.data.images import Images, Pixels

# By font of Hershey's, with its share. None that a hand could have meant as a digit: no O, l, Z…
CHARACTERS = {
    "greeks": (0.35, "ABCDEGJKLMNPQRSTUVWXabcdegjklmnpqrstuvwx"),
    "futural": (0.3, "ABCEFHKLMNPRTUVWXYacdefhkmnprtuvwx#%&*+@<=~["),
    "scripts": (0.15, "ABCEFHKMNPRTUVWXadefhkmnprtuvwx"),
    "japanese": (0.08, "#$%&()*+,-.067ABDEFGIKMNPTUVWXZ"),
    "mathlow": (0.04, '!"#$^_bghijkln'),
    "symbolic": (0.08, "AIJKLNOPQRSTUVWXYZ_abcdefhimnop~"),
}
# Of these, a half is no digit.
UPPER_HALF, LOWER_HALF = (0, 4, 5), (0, 2)
TURNED, MIRRORED = (3, 4, 5, 7), (3, 4, 6, 7, 9)

Maker = Callable[[np.random.Generator], Pixels]
Grey = NDArray[np.float32]


class Digits:
    """Real ones to spoil."""

    def __init__(self, images: Images) -> None:
        self.of = {digit: images.pixels[images.labels == digit] for digit in range(10)}

    def one(self, rng: np.random.Generator, among: tuple[int, ...] = tuple(range(10))) -> Grey:
        present = [digit for digit in among if len(self.of[digit])]
        pool = self.of[int(rng.choice(present))]
        chosen: Grey = (pool[rng.integers(len(pool))] / 255).astype(np.float32)
        return chosen


def make(count: int, digits: Digits, rng: np.random.Generator) -> Pixels:
    """(count, 28, 28) pixels, ink = 255, in imaging's format."""
    makers: list[tuple[float, Maker]] = [
        (0.60, character),
        (0.12, scribble),
        (0.08, partial(glued, digits)),
        (0.05, partial(turned, digits)),
        (0.04, partial(halved, digits)),
        (0.11, piece_of_a_photo),
    ]
    shares = [share for share, _ in makers]
    chosen = rng.choice(len(makers), size=count, p=shares)
    return np.stack([makers[place][1](rng) for place in chosen])


def character(rng: np.random.Generator) -> Pixels:
    shares = [share for share, _ in CHARACTERS.values()]
    name = str(rng.choice(list(CHARACTERS), p=shares))
    sign = str(rng.choice(list(CHARACTERS[name][1])))
    return pen.written(pen.rounded(glyphs.strokes(name, sign), int(rng.integers(2))), rng)


def scribble(rng: np.random.Generator) -> Pixels:
    lines = [rng.uniform(0, 10, (rng.integers(4, 12), 2)) for _ in range(rng.integers(1, 4))]
    return pen.written(pen.rounded(lines, int(rng.integers(3))), rng)


def glued(digits: Digits, rng: np.random.Generator) -> Pixels:
    """Two digits run together."""
    left, right = (trim(digits.one(rng)) for _ in range(2))
    overlap = int(rng.integers(0, 4))
    height = max(len(left), len(right))
    field = np.zeros((height, left.shape[1] + right.shape[1] - overlap), np.float32)
    field[height - len(left) :, : left.shape[1]] = left
    beside = field[: len(right), left.shape[1] - overlap :]
    np.maximum(beside, right, out=beside)
    return to_mnist(field)


def turned(digits: Digits, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:
        return to_mnist(np.rot90(digits.one(rng, TURNED), int(rng.choice([1, 3]))).copy())
    return to_mnist(digits.one(rng, MIRRORED)[:, ::-1].copy())


def halved(digits: Digits, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:
        ink = trim(digits.one(rng, UPPER_HALF))
        return to_mnist(ink[: len(ink) // 2].copy())
    ink = trim(digits.one(rng, LOWER_HALF))
    return to_mnist(ink[len(ink) // 2 :].copy())


def piece_of_a_photo(rng: np.random.Generator) -> Pixels:
    """What imaging cuts out of a photo that shows no writing."""
    while True:
        found = imaging.find_digits(imaging.from_array(_crop(rng)))
        if found:
            return found[rng.integers(len(found))].pixels


def _crop(rng: np.random.Generator) -> Pixels:
    photos = _photos()
    photo = photos[rng.integers(len(photos))]
    side = int(rng.integers(60, min(photo.shape[:2])))
    top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
    crop = photo[top : top + side, left : left + side]
    small = Image.fromarray(crop).resize((96, 96), Image.Resampling.BILINEAR)
    upright = np.asarray(small)[:, :: rng.choice([1, -1])]
    return np.ascontiguousarray(np.rot90(upright, int(rng.integers(4))))


@cache
def _photos() -> list[Pixels]:
    """The few that come with the libraries of training: a temple, a flower, a portrait."""
    from matplotlib import cbook
    from sklearn.datasets import load_sample_images

    portrait = Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    return [*load_sample_images().images, np.asarray(Image.open(portrait))]
