"""Thirty people who draw behind one address, whose previews share one rate limit."""

from itertools import pairwise
from statistics import quantiles

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 30
PER_SECOND = 20  # the default limit of an address
SECONDS = 60

# A site that answers PER_SECOND previews in 30 ms each and refuses the others, as without nginx.
SIMULATE = """async ([people, perSecond, address]) => {
    let seed = 1;
    Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const { Previews } = await import(address);
    let tokens = perSecond, refilledAt = Date.now();
    window.fetch = async () => {
        const now = Date.now();
        tokens = Math.min(perSecond, tokens + (now - refilledAt) * perSecond / 1000);
        refilledAt = now;
        const isAllowed = tokens >= 1;
        if (isAllowed) tokens -= 1;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return new Response(JSON.stringify({ digits: [] }), { status: isAllowed ? 200 : 429 });
    };
    window.answers = Array.from({ length: people }, () => [Date.now()]);
    answers.forEach((times) => {
        const subject = { getPicture: async () => new Blob(["drawing"]) };
        const previews = new Previews("/api/preview", (_, result) => {
            if (result.answer) times.push(Date.now());
            previews.request(subject); // the person goes on drawing
        }, () => {});
        previews.request(subject);
    });
}"""


def test_previews_of_a_classroom_do_not_starve(page: Page) -> None:
    page.clock.install()
    page.goto("/how")
    page.clock.pause_at("2100-01-01")
    page.evaluate(SIMULATE, [PEOPLE, PER_SECOND, "/static/input/previews.js"])
    page.clock.run_for(1000 * SECONDS)
    times: list[list[float]] = page.evaluate("answers")

    counts = [len(each) - 1 for each in times]
    waits = [b - a for each in times for a, b in pairwise(each)]
    assert sum(counts) > 0.9 * PER_SECOND * SECONDS
    assert min(counts) > 0.5 * sum(counts) / PEOPLE
    assert quantiles(waits, n=100)[94] < 4_000
    assert max(waits) < 15_000
