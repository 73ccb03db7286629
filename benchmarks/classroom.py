"""Measure the live answers of 30 people who draw without a pause behind one address.

Runs the home page's own script in Chromium against the production stack with its default limits.
Needs nginx, dnsmasq and Chromium.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.production import start_stack

PEOPLE = 30

DRAW = """async (script) => {
    const { Previews } = await import(script);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 280;
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, 280, 280);
    context.strokeStyle = "white";
    context.lineWidth = 20;
    context.strokeRect(100, 60, 80, 160);
    const picture = await new Promise((resolve) => canvas.toBlob(resolve));
    const subject = { getPicture: async () => picture };
    window.refusals = 0;
    window.times = [performance.now()];
    const previews = new Previews("/api/preview", (_, { answer, note }) => {
        if (answer) times.push(performance.now());
        if (note) refusals++;
        previews.request(subject); // the person continues to draw
    }, () => {});
    previews.request(subject);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", default="20", help="PREDICT_PER_SECOND; default: 20")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        start_stack(Path(folder), options.per_second) as (_, port, _web),
        start_browser() as browser,
    ):
        pages = [open_page(browser, f"http://127.0.0.1:{port}") for _ in range(PEOPLE)]
        for page in pages:
            page.evaluate("times = [performance.now()]; refusals = 0")
        time.sleep(options.seconds)
        times = [page.evaluate("times") for page in pages]
        refusals = sum(page.evaluate("refusals") for page in pages)
    counts = [len(each) - 1 for each in times]
    waits = [b - a for each in times for a, b in pairwise(each)]
    p50, p95, longest = np.percentile(waits, [50, 95, 100]) / 1000
    print(f"{sum(counts) / options.seconds:.1f} answers per second, {refusals} refusals")
    print(f"answers per person: {min(counts)} to {max(counts)}")
    print(f"between two answers: p50 {p50:.1f}, p95 {p95:.1f}, max {longest:.1f} s")


@contextmanager
def start_browser() -> Iterator[Browser]:
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def open_page(browser: Browser, site: str) -> Page:
    """Draw in a page with connections of its own."""
    page = browser.new_context().new_page()
    page.goto(site)
    script = page.locator("link[href*=previews]").get_attribute("href")
    page.goto(f"{site}/how")
    page.evaluate(DRAW, script)
    return page


if __name__ == "__main__":
    main()
