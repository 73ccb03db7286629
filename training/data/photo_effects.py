"""Effects of paper, desk, light and camera on a picture, as arrays of reflectance."""

import math
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float64]  # (h, w), 0 to 1
Shape = tuple[int, int]


def make_patches(shape: Shape, cells: Shape, rng: np.random.Generator) -> Field:
    """Return noise from 0 to 1 in about `cells` patches down and across."""
    coarse = Image.fromarray(rng.random(cells).astype(np.float32))
    fine = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC), np.float64)
    return np.clip(fine, 0, 1)


def measure_distance(shape: Shape, angle: float, through: tuple[float, float]) -> Field:
    """Return the signed distance in pixels from a line at `angle` radians through (x, y)."""
    down, across = np.mgrid[: shape[0], : shape[1]]
    x, y = through
    signed: Field = (down - y) * math.cos(angle) - (across - x) * math.sin(angle)
    return signed


def draw_rules(shape: Shape, degrees: float, pitch: float, width: float) -> Field:
    """Return the coverage of parallel rules, `pitch` pixels apart and `width` pixels wide."""
    centre = shape[1] / 2, shape[0] / 2
    along = measure_distance(shape, math.radians(degrees), centre) + pitch / 3
    off: Field = np.abs((along + pitch / 2) % pitch - pitch / 2)
    covered: Field = np.clip(width / 2 + 0.5 - off, 0, 1)
    return covered


def draw_grid(shape: Shape, degrees: float, pitch: float, width: float) -> Field:
    """Return the coverage of two sets of rules at right angles."""
    level = draw_rules(shape, degrees, pitch, width)
    return np.maximum(level, draw_rules(shape, degrees + 90, pitch, width))


def make_gradient(shape: Shape, rng: np.random.Generator, minimum: float = 0.75) -> Field:
    """Return light that falls off slowly across the picture, down to `minimum`."""
    angle = rng.uniform(0, 2 * math.pi)
    along = measure_distance(shape, angle, (shape[1] / 2, shape[0] / 2))
    span = float(np.ptp(along)) or 1.0
    lit: Field = 1 - (1 - rng.uniform(minimum, 1)) * (along - along.min()) / span
    return lit


def make_fold(shape: Shape, rng: np.random.Generator) -> Field:
    """Return the light on two halves of a sheet that a fold tilts apart."""
    through = shape[1] * rng.uniform(0.3, 0.7), shape[0] * rng.uniform(0.3, 0.7)
    edge = measure_distance(shape, rng.choice([0, math.pi / 2]) + rng.normal(0, 0.03), through)
    crease = np.exp(-((edge / (0.004 * max(shape) + 0.7)) ** 2))
    lit: Field = np.where(edge > 0, rng.uniform(0.8, 0.95), 1) - 0.12 * crease
    return lit


def make_rim(shape: Shape, rng: np.random.Generator) -> Field:
    """Return the light of a scan or lens that darkens toward one side or all sides."""
    down, across = (np.linspace(-1, 1, side) for side in shape)
    out = np.maximum(np.abs(down)[:, None], np.abs(across)[None])
    if rng.random() < 0.5:
        out = np.broadcast_to(across[None] * rng.choice([-1, 1]), shape)
    start = rng.uniform(0.9, 0.96)
    return 1 - rng.uniform(0.5, 0.85) * np.clip((out - start) / (1 - start), 0, 1)


def draw_desk(shape: Shape, rng: np.random.Generator) -> Field:
    """Return the reflectance of a table: plain, or wood with its grain."""
    base = rng.uniform(0.12, 0.4)
    if rng.random() < 0.4:
        return base + 0.05 * make_patches(shape, (6, 6), rng)
    cells = (int(rng.integers(30, 90)), 4)
    streaks = make_patches(shape, cells if rng.random() < 0.5 else cells[::-1], rng)
    return base * (0.6 + 0.8 * streaks)


def draw_sheet(shape: Shape, margins: Field, degrees: float) -> Field:
    """Return the coverage of a sheet that is turned by `degrees`.

    Its sides are `margins` (top, right, bottom, left) pixels inside the picture.
    """
    height, width = shape
    angle = math.radians(degrees)
    top, right, bottom, left = margins
    sides = (
        measure_distance(shape, angle, (width / 2, top)),
        -measure_distance(shape, angle, (width / 2, height - bottom)),
        -measure_distance(shape, angle + math.pi / 2, (left, height / 2)),
        measure_distance(shape, angle + math.pi / 2, (width - right, height / 2)),
    )
    covered: Field = np.clip(np.minimum.reduce(sides) + 0.5, 0, 1)
    return covered


def tilt(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Return the picture in perspective: each corner moves by up to `strength` of the sides."""
    width, height = image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = [
        (x + (-1) ** (x > 0) * width * m, y + (-1) ** (y > 0) * height * n)
        for (x, y), (m, n) in zip(corners, rng.uniform(0, strength, (4, 2)), strict=True)
    ]
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows), np.array(moved).ravel())
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, solved.tolist(), Image.Resampling.BICUBIC
    )


def recompress(image: Image.Image, quality: int) -> Image.Image:
    """Return the picture after JPEG compression."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(BytesIO(buffer.getvalue()))
