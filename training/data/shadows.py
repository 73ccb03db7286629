"""Cast shadows of many shapes: of arms, fingers, phones, window bars and soft clouds."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Field = NDArray[np.float64]
Shape = tuple[int, int]


def cast_shadow(shape: Shape, darkness: float, rng: np.random.Generator) -> Field:
    """Return light (h, w) that a shadow of a random shape and softness reduces to `darkness`."""
    draw = (_draw_half_plane, _draw_wave, _draw_fingers, _draw_blob, _draw_bars, _draw_phone)
    kind = int(rng.choice(len(draw), p=[0.2, 0.25, 0.2, 0.15, 0.08, 0.12]))
    # Drawn with a margin, so that blurring has paper or shadow on both sides of the border.
    side = 3 * max(shape) // 2
    mask = draw[kind](side, rng)
    softness = side * math.exp(rng.uniform(math.log(0.001), math.log(0.06)))
    soft = mask.filter(ImageFilter.GaussianBlur(softness))
    top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
    covered = np.asarray(soft, np.float64)[top : top + shape[0], left : left + shape[1]] / 255
    return 1 - (1 - darkness) * covered


def _draw_polygon(side: int, points: NDArray[np.float64]) -> Image.Image:
    image = Image.new("L", (side, side))
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in points], 255)
    return image


def _turn(points: NDArray[np.float64], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn the points by any angle about a point near the middle, and move it to the middle."""
    angle = rng.uniform(0, 2 * math.pi)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned: NDArray[np.float64] = points @ matrix.T
    return turned + side / 2 + rng.normal(0, 0.12 * side, 2)


def _draw_half_plane(side: int, rng: np.random.Generator) -> Image.Image:
    far = 3.0 * side
    return _draw_polygon(
        side, _turn(np.array([[-far, 0], [far, 0], [far, far], [-far, far]]), side, rng)
    )


def _draw_wave(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw a shadow whose edge is a sum of two waves."""
    x = np.linspace(-1.5, 1.5, 300) * side
    y = np.zeros(len(x))
    for _ in range(2):
        length = side * math.exp(rng.uniform(math.log(0.1), math.log(0.8)))
        y += length * rng.uniform(0, 0.16) * np.sin(x * 2 * math.pi / length + rng.uniform(0, 7))
    edge = np.stack([x, y], axis=1)
    corners = np.array([[1.5, 3], [-1.5, 3]]) * side
    return _draw_polygon(side, _turn(np.concatenate([edge, corners]), side, rng))


def _draw_fingers(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw one to four fingers side by side, or an arm, that reach in from one side."""
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    width = side * rng.uniform(0.05, 0.2)
    angle = rng.uniform(0, 2 * math.pi)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    tip = side / 2 + rng.normal(0, 0.15 * side, 2)
    for finger in range(int(rng.integers(1, 5))):
        end = (
            tip + across * finger * width * rng.uniform(1, 1.5) + along * rng.normal(0, 0.06 * side)
        )
        start = end + along * 2 * side
        draw.line([tuple(start), tuple(end)], 255, round(width))
        draw.ellipse([*(end - width / 2), *(end + width / 2)], 255)
    return image


def _draw_blob(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw the outline of a head or hand: an uneven ellipse."""
    turn = np.linspace(0, 2 * math.pi, 120, endpoint=False)
    radius = np.ones(len(turn))
    for waves in range(2, 7):
        radius += rng.uniform(0, 0.25 / waves) * np.cos(waves * turn + rng.uniform(0, 7))
    size = side * rng.uniform(0.1, 0.45, 2)
    points = np.stack([radius * np.cos(turn) * size[0], radius * np.sin(turn) * size[1]], axis=1)
    return _draw_polygon(side, _turn(points, side, rng) + rng.normal(0, 0.15 * side, 2))


def _draw_bars(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw the bars of a window or blind."""
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    pitch = side * rng.uniform(0.12, 0.5)
    width = pitch * rng.uniform(0.2, 0.7)
    for x in np.arange(rng.uniform(0, pitch), side, pitch):
        draw.rectangle([x, 0, x + width, side], fill=255)
    return image.rotate(float(rng.uniform(0, 180)), Image.Resampling.BILINEAR)


def _draw_phone(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw a phone or the corner of a box, with rounded corners."""
    image = Image.new("L", (side, side))
    wide = side * rng.uniform(0.2, 0.5)
    high = wide * rng.uniform(1, 2.2)
    x, y = side / 2 + rng.normal(0, 0.25 * side, 2)
    box = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]
    ImageDraw.Draw(image).rounded_rectangle(box, wide * rng.uniform(0, 0.2), 255)
    return image.rotate(float(rng.uniform(0, 360)), Image.Resampling.BILINEAR)
