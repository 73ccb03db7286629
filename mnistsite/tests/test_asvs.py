"""The page about OWASP's standard names tests that exist, and counts its own lines."""

import re
from collections import Counter

from mnistsite.tests.examples import DOCS, ROOT

PAGE = (DOCS / "explanation/asvs.md").read_text()
ROW = re.compile(r"^\| v5\.0\.0-([\d.]+) .* \| L[12] (met|\*\*open\*\*) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_named_tests_exist() -> None:
    named = set(TEST.findall(PAGE))
    sources = {path: (ROOT / path).read_text() for path, _ in named}
    assert named
    assert [name for path, name in named if f"\ndef {name}(" not in sources[path]] == []


def test_counts_are_those_of_the_table() -> None:
    rows = ROW.findall(PAGE)
    kinds = Counter("open" if "open" in state else bool(TEST.search(by)) for _, state, by in rows)
    counts = [int(count) for count in re.findall(r"^\| [a-z, ]+ \| (\d+) \|$", PAGE, re.MULTILINE)]
    assert len({number for number, *_ in rows}) == len(rows)
    assert counts[:4] == [len(rows), kinds[True], kinds[False], kinds["open"]]
