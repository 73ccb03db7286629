"""The examples in the documentation: where they are, what they print, and whether that fits."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT: Path = settings.BASE_DIR
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
HOST = "http://127.0.0.1:8080"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = ("sh", "python", "js")
PRINTED = ("json", "text")
ANYTHING = "…"


@dataclass
class Example:
    """`shown` is what the page says that it prints, or None where it says nothing."""

    language: str
    code: str
    shown: str | None = None


def examples(page: Path, language: str) -> list[Example]:
    """Those to run, in their order. Of the shell's only what asks the site."""
    return [
        example
        for example in _with_output(page.read_text())
        if example.language == language and (language != "sh" or example.code.startswith("curl"))
    ]


def _with_output(text: str) -> Iterator[Example]:
    """A block of output is that of the example before it."""
    last: Example | None = None
    for language, content in FENCE.findall(text):
        if last and language in PRINTED and last.shown is None:
            last.shown = content
            continue
        if last:
            yield last
        last = Example(language, content) if language in RUN else None
    if last:
        yield last


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if examples(page, language)]


def check(example: Example, printed: str) -> None:
    if example.shown is None:
        return
    if example.shown.lstrip().startswith("{"):
        found = documents(printed)
        assert found, f"{example.code}\nprinted no JSON, but {printed!r}"
        assert all(fits(json.loads(example.shown), each) for each in found), printed
    else:
        pattern = re.escape(example.shown.strip()).replace(re.escape(ANYTHING), ".*")
        assert re.fullmatch(pattern, printed.strip()), f"{example.shown!r}, but {printed!r}"


def documents(text: str) -> list[Any]:
    """JSON after JSON, as several commands print it."""
    found, decoder = [], json.JSONDecoder()
    while (text := text.lstrip()).startswith("{"):
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


def fits(shown: Any, got: Any) -> bool:
    """The same, but for what ends with …, the last places of numbers, and which row it is."""
    if isinstance(shown, str) and shown.endswith(ANYTHING):
        return isinstance(got, str)
    if isinstance(shown, float):
        return isinstance(got, float) and isclose(shown, got, rel_tol=0.02)
    if isinstance(shown, dict):
        keys = shown.keys() - {ANYTHING}
        return (
            isinstance(got, dict)
            and (keys <= got.keys() if ANYTHING in shown else keys == got.keys())
            and all(fits(shown[key], got[key]) or _is_row(key, got[key]) for key in keys)
        )
    if isinstance(shown, list):
        listed = shown[:-1] if ANYTHING in shown else shown
        return (
            isinstance(got, list)
            and (len(got) >= len(listed) if ANYTHING in shown else len(got) == len(listed))
            and all(map(fits, listed, got))
        )
    return bool(shown == got)


def _is_row(key: str, value: Any) -> bool:
    return key == "id" and isinstance(value, int)
