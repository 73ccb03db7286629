"""Drawing on the pad with real pointer events, and its live answer."""

import math
from itertools import pairwise

from playwright.sync_api import Locator, Page, expect

Point = tuple[float, float]
Strokes = list[list[Point]]


def build_arc(x: float, y: float, width: float, height: float, start: int, end: int) -> list[Point]:
    """Return an arc around (x, y), in degrees clockwise from the right."""
    angles = [math.radians(start + (end - start) * step / 8) for step in range(9)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


DIGITS: dict[str, Strokes] = {
    "2": [[*build_arc(0.5, 0.35, 0.18, 0.16, -180, 30), (0.32, 0.8), (0.7, 0.8)]],
    "3": [
        [*build_arc(0.48, 0.34, 0.18, 0.16, -150, 90), *build_arc(0.48, 0.66, 0.21, 0.18, -80, 150)]
    ],
    "4": [[(0.45, 0.18), (0.28, 0.55), (0.72, 0.55)], [(0.6, 0.3), (0.58, 0.85)]],
    "7": [[(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]],
    "8": [
        [*build_arc(0.5, 0.33, 0.14, 0.15, -60, -270), *build_arc(0.5, 0.66, 0.18, 0.18, -80, 270)],
        build_arc(0.5, 0.33, 0.14, 0.15, 90, -60),
    ],
}


def scale_to_pad(page: Page, strokes: Strokes, left: float = 0.5, size: float = 1) -> Strokes:
    """Scale strokes in a unit square to points of the page, centred at `left` of the pad."""
    box = page.locator("#pad").bounding_box()
    assert box
    side = size * box["height"]
    start = box["x"] + left * box["width"] - side / 2
    top = box["y"] + (box["height"] - side) / 2
    return [[(start + x * side, top + y * side) for x, y in stroke] for stroke in strokes]


def draw(page: Page, strokes: Strokes, left: float = 0.5, size: float = 1) -> None:
    for stroke in scale_to_pad(page, strokes, left, size):
        press_stroke(page, stroke)
        page.mouse.up()


def press_stroke(page: Page, stroke: list[Point]) -> None:
    """Draw a stroke without releasing the button."""
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for _, point in pairwise(stroke):
        page.mouse.move(*point)


def get_panel(page: Page) -> Locator:
    return page.locator(".panel")


def expect_answer(page: Page, label: str) -> None:
    """Wait for the last preview, and expect its label."""
    expect(get_panel(page)).to_have_attribute("aria-busy", "false")
    expect(get_panel(page).locator(".answer")).to_have_text(label)


def count_ink(page: Page) -> int:
    """Return the number of the pad's pixels with ink."""
    count: int = page.evaluate("""() => {
        const { width, height } = pad;
        const { data } = pad.getContext("2d").getImageData(0, 0, width, height);
        return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    }""")
    return count
