"""Backgrounds of lines: paper that is plain, grainy, ruled, or printed like cheques."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Grey

SHAPE = (128, 768)
Pattern = Callable[[np.random.Generator], Grey]


def make_backgrounds(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return brightness (count, *SHAPE), 255 = white."""
    brightness = np.stack([make_background(rng) for _ in range(count)])
    return np.round(255 * brightness).astype(np.uint8)


def make_background(rng: np.random.Generator) -> Grey:
    """Return brightness, 0 to 1: paper with a pattern, grain, and slow changes of light."""
    patterns: list[Pattern] = [
        draw_plain_paper,
        draw_waves,
        draw_hatching,
        draw_guilloche,
        draw_weave,
        draw_rules,
        draw_mottle,
    ]
    chosen = rng.choice(len(patterns), p=[0.16, 0.2, 0.16, 0.2, 0.12, 0.06, 0.1])
    depth = rng.uniform(0.03, 0.4) if rng.random() < 0.7 else rng.uniform(0.02, 0.15)
    sheet = 1 - depth * patterns[chosen](rng)
    if rng.random() < 0.3:
        sheet *= 1 - rng.uniform(0.02, 0.2) * patterns[int(rng.integers(len(patterns)))](rng)
    sheet *= make_light(rng)
    sheet += rng.normal(0, rng.uniform(0, 0.05), SHAPE)
    paper: Grey = np.clip(sheet * rng.uniform(0.5, 1), 0, 1).astype(np.float32)
    return paper


def draw_plain_paper(_: np.random.Generator) -> Grey:
    return np.zeros(SHAPE, np.float32)


def _make_coordinates() -> tuple[Grey, Grey]:
    """Return x and y of each pixel."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return columns, rows


def make_noise(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> Grey:
    """Return noise, about -1 to 1, that changes over `cell` pixels."""
    grid = tuple(max(2, int(side / cell) + 2) for side in shape)
    coarse = Image.fromarray(rng.uniform(-1, 1, grid).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def draw_lines(phase: NDArray[np.floating], width: float) -> Grey:
    """Draw soft lines at multiples of 2π of the phase; `width` is their share of the period."""
    height = np.cos(phase)
    edge = math.cos(math.pi * width)
    soft: Grey = np.clip((height - edge) / (1 - edge), 0, 1).astype(np.float32)
    return soft


def draw_waves(rng: np.random.Generator) -> Grey:
    """Draw nearly parallel wavy lines, mostly along the writing."""
    x, y = _make_coordinates()
    angle = rng.normal(0, 0.25) if rng.random() < 0.8 else rng.uniform(-1.6, 1.6)
    period = rng.uniform(4, 16)
    across = x * math.sin(angle) + y * math.cos(angle)
    along = x * math.cos(angle) - y * math.sin(angle)
    bend = rng.uniform(0, 5) * np.sin(
        along * 2 * math.pi / rng.uniform(30, 300) + rng.uniform(0, 6)
    )
    warp = rng.uniform(0, 8) * make_noise(SHAPE, rng.uniform(20, 90), rng)
    return draw_lines((across + bend + warp) * 2 * math.pi / period, rng.uniform(0.15, 0.5))


def draw_hatching(rng: np.random.Generator) -> Grey:
    """Draw two families of straight or slightly bent lines."""
    crossed: Grey = np.maximum(_draw_line_family(rng), _draw_line_family(rng) * rng.uniform(0.3, 1))
    return crossed


def _draw_line_family(rng: np.random.Generator) -> Grey:
    x, y = _make_coordinates()
    angle, period = rng.uniform(-1.57, 1.57), rng.uniform(5, 22)
    warp = rng.uniform(0, 6) * make_noise(SHAPE, rng.uniform(40, 200), rng)
    across = x * math.sin(angle) + y * math.cos(angle) + warp
    return draw_lines(across * 2 * math.pi / period, rng.uniform(0.1, 0.4))


def draw_guilloche(rng: np.random.Generator) -> Grey:
    """Draw contours of a smooth landscape, which look like the work of an engraving lathe."""
    layers = [_draw_contours(rng) for _ in range(int(rng.integers(1, 3)))]
    both: Grey = np.max(layers, axis=0)
    return both


def _draw_contours(rng: np.random.Generator) -> Grey:
    x, y = _make_coordinates()
    hills = make_noise(SHAPE, rng.uniform(40, 160), rng) * rng.uniform(10, 50)
    tilt = rng.uniform(-0.6, 0.6) * x + rng.uniform(-1, 1) * y
    return draw_lines((hills + tilt) * 2 * math.pi / rng.uniform(7, 18), rng.uniform(0.12, 0.35))


def draw_weave(rng: np.random.Generator) -> Grey:
    """Draw a fine weave or a screen of dots."""
    x, y = _make_coordinates()
    period, angle = rng.uniform(3, 9), rng.uniform(0, 1.57)
    first = np.cos((x * math.cos(angle) + y * math.sin(angle)) * 2 * math.pi / period)
    second = np.cos((y * math.cos(angle) - x * math.sin(angle)) * 2 * math.pi / period)
    uneven = 0.6 + 0.4 * make_noise(SHAPE, rng.uniform(3, 30), rng)
    return np.clip((0.5 + first * second / 2) * uneven, 0, 1).astype(np.float32)


def draw_rules(rng: np.random.Generator) -> Grey:
    """Draw notebook rules, or squares."""
    x, y = _make_coordinates()
    period = rng.uniform(14, 60)
    width = rng.uniform(1, 2.5) / period
    down = draw_lines(
        (y + x * rng.normal(0, 0.03) + rng.uniform(0, 60)) * 2 * math.pi / period, width
    )
    if rng.random() < 0.5:
        return down
    return np.maximum(down, draw_lines((x + rng.uniform(0, 60)) * 2 * math.pi / period, width))


def draw_mottle(rng: np.random.Generator) -> Grey:
    """Draw fibres, crumples and stains, as noise of several sizes."""
    layers = [make_noise(SHAPE, cell, rng) * rng.uniform(0, 1) for cell in (2, 5, 14, 50)]
    return np.clip(0.5 + sum(layers) / 3, 0, 1).astype(np.float32)


def make_light(rng: np.random.Generator) -> Grey:
    """Return light, 0.2 to 1.2: a gradient, and sometimes the edge of a shadow."""
    x, y = _make_coordinates()
    light = (
        1 + (x / SHAPE[1] - 0.5) * rng.normal(0, 0.25) + (y / SHAPE[0] - 0.5) * rng.normal(0, 0.15)
    )
    if rng.random() < 0.12:
        side = (x - rng.uniform(0, SHAPE[1])) + (y - 64) * rng.normal(0, 1)
        soft = 1 / (1 + np.exp(-np.clip(side / rng.uniform(1, 30), -30, 30)))
        light = light * (1 - rng.uniform(0.1, 0.6) * soft)
    return np.clip(light, 0.2, 1.2).astype(np.float32)
