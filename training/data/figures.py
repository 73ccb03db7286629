"""Draws figures that people draw instead of digits, such as faces, hearts and filled shapes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from classifier.recognition.imaging.arrays import Pixels
from training.data import pen
from training.data.pen import Stroke

FILLED_SHARE = 0.25
PAPER, RADIUS = 160, 60  # pixels of a filled shape's drawing

Draw = Callable[[np.random.Generator], list[Stroke]]


def draw_figure(rng: np.random.Generator) -> Pixels:
    """Return a figure as (28, 28) pixels, ink = 255."""
    stretch = np.exp(rng.normal(0, 0.15, 2))
    if rng.random() < FILLED_SHARE:
        return _fill_outline(_choose(FILLED, rng)(rng)[0] * stretch)
    return pen.draw_sign([stroke * stretch for stroke in _choose(OUTLINED, rng)(rng)], rng)


def _choose(shares: dict[Draw, int], rng: np.random.Generator) -> Draw:
    weights = np.array(list(shares.values()))
    return list(shares)[rng.choice(len(weights), p=weights / weights.sum())]


def _fill_outline(outline: Stroke) -> Pixels:
    paper = Image.new("L", (PAPER, PAPER))
    points = outline / np.abs(outline).max() * RADIUS + PAPER / 2
    ImageDraw.Draw(paper).polygon([tuple(point) for point in points], 255)
    return pen.convert_drawing(paper)


def _draw_arc(start: float, stop: float, radius: float = 1.0) -> Stroke:
    """Return an arc around the origin; angles are in turns, clockwise from the right."""
    return radius * _find_points(np.linspace(start, stop, 25) * 2 * math.pi)


def _find_points(angles: NDArray[np.floating[Any]]) -> Stroke:
    """Return the points (N, 2) of the unit circle at N angles, in radians."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _draw_ring(rng: np.random.Generator) -> Stroke:
    start = rng.random()
    return _draw_arc(start, start + rng.uniform(0.97, 1.05))


def _draw_face(rng: np.random.Generator) -> list[Stroke]:
    mouth = _draw_arc(0.1, 0.4, rng.uniform(0.4, 0.6)) * rng.choice([1, 1, -1]) + [0, 0.1]
    eyes = [np.array([[x, -0.4], [x, rng.uniform(-0.38, -0.2)]]) for x in (-0.35, 0.35)]
    return [_draw_ring(rng), mouth, *eyes[: 2 * rng.integers(2)]]


def _draw_clock(rng: np.random.Generator) -> list[Stroke]:
    """Draw a circle with two to six spokes, like a clock or a wheel."""
    count = int(rng.integers(2, 7))
    angles = (rng.random() + np.arange(count) / count * rng.uniform(0.6, 0.85)) * 2 * math.pi
    lengths = rng.uniform(0.4, 1, count)
    ends = _find_points(angles) * lengths[:, np.newaxis]
    return [_draw_ring(rng), *(np.array([[0, 0], end]) for end in ends)]


def _draw_sun(rng: np.random.Generator) -> list[Stroke]:
    angles = np.arange(rng.integers(6, 11)) / 8 * 2 * math.pi
    rays = _find_points(angles)
    return [_draw_ring(rng) * 0.5, *(np.array([0.65 * ray, ray]) for ray in rays)]


def _draw_cat(rng: np.random.Generator) -> list[Stroke]:
    tip = rng.uniform(0.6, 1), -rng.uniform(1.1, 1.5)
    ear = np.array([[0.9, -0.4], tip, [0.2, -0.95]])
    return [_draw_ring(rng), ear, ear * [-1, 1]]


def _draw_person(rng: np.random.Generator) -> list[Stroke]:
    arms = np.array([[-0.7, rng.uniform(-0.6, 0.2)], [0, -0.1], [0.7, rng.uniform(-0.6, 0.2)]])
    legs = np.array([[-0.5, 1.5], [0, 0.7], [0.5, 1.5]])
    return [_draw_ring(rng) * 0.35 + [0, -0.75], np.array([[0, -0.4], [0, 0.7]]), arms, legs]


def _draw_polygon(rng: np.random.Generator) -> list[Stroke]:
    count = int(rng.integers(3, 6))
    angles = (np.arange(count + 1) / count + rng.random()) * 2 * math.pi
    corners = _find_points(angles)
    corners[:-1] += rng.normal(0, 0.1, (count, 2))
    corners[-1] = corners[0]
    return [corners]


def _draw_house(rng: np.random.Generator) -> list[Stroke]:
    eaves, half = rng.uniform(-0.4, 0.2), rng.uniform(0.5, 1)
    walls = [[-half, eaves], [0, -1], [half, eaves], [half, 1], [-half, 1], [-half, eaves]]
    door = np.array([[-0.2, 1], [-0.2, 0.4], [0.2, 0.4], [0.2, 1]])
    return [np.array(walls), *[door][: rng.integers(2)]]


def _draw_star(_rng: np.random.Generator) -> list[Stroke]:
    return [_find_points((np.arange(6) * 0.4 - 0.25) * 2 * math.pi)]


def _draw_heart(_rng: np.random.Generator) -> list[Stroke]:
    angles = np.linspace(0, 2 * math.pi, 25)
    down = 13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles)
    return [np.stack([16 * np.sin(angles) ** 3, -down], axis=1)]


def _draw_moon(rng: np.random.Generator) -> list[Stroke]:
    outer = _draw_arc(0.1, 0.9)
    inner = outer[::-1] * [rng.uniform(0.3, 0.75), 1]
    inner[:, 0] += outer[0, 0] - inner[0, 0]
    return [np.concatenate([outer, inner]) * [rng.choice([1, -1]), 1]]


def _draw_arrow(rng: np.random.Generator) -> list[Stroke]:
    strokes = [np.array([[-1, 0], [1, 0]]), np.array([[0.4, -0.5], [1, 0], [0.4, 0.5]])]
    angle = rng.integers(8) * math.pi / 4
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return [stroke @ turn for stroke in strokes]


def _draw_spiral(rng: np.random.Generator) -> list[Stroke]:
    turns = np.linspace(0, rng.uniform(2.2, 4), 60)
    return [_find_points(2 * math.pi * (turns + rng.random())) * turns[:, np.newaxis]]


def _draw_disc(rng: np.random.Generator) -> list[Stroke]:
    return [_draw_ring(rng)]


# How often each figure occurs, relative to others; those that resemble a 0 occur more often.
OUTLINED: dict[Draw, int] = {
    _draw_face: 3,
    _draw_clock: 2,
    _draw_house: 2,
    _draw_polygon: 2,
    _draw_sun: 1,
    _draw_cat: 1,
    _draw_person: 1,
    _draw_star: 1,
    _draw_heart: 1,
    _draw_moon: 1,
    _draw_arrow: 1,
    _draw_spiral: 1,
}
FILLED: dict[Draw, int] = {_draw_disc: 3, _draw_polygon: 1, _draw_heart: 1, _draw_moon: 1}
