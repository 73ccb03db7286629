"""Find the documentation's examples, and compare their output with what the page shows."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT: Path = settings.BASE_DIR
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "clients/python/README.md", *sorted(DOCS.rglob("*.md"))]
HOST = "http://127.0.0.1:8080"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_LANGUAGES = ("sh", "python", "js")
OUTPUT_LANGUAGES = ("json", "text")
ANYTHING = "…"


@dataclass
class Example:
    """Code and the output that the page shows for it, if any."""

    language: str
    code: str
    output: str | None = None


def build_documentation(folder: Path) -> None:
    """Build the documentation, without a warning."""
    completed = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert "WARNING" not in completed.stderr


def find_examples(page: Path, language: str) -> list[Example]:
    """Return a page's examples of one language; of shell code, only curl commands."""
    return [
        example
        for example in _parse_examples(page.read_text())
        if example.language == language and (language != "sh" or example.code.startswith("curl"))
    ]


def _parse_examples(text: str) -> Iterator[Example]:
    """Yield examples; a block of output belongs to the example before it."""
    last: Example | None = None
    for language, content in FENCE.findall(text):
        if last and language in OUTPUT_LANGUAGES and last.output is None:
            last.output = content
            continue
        if last:
            yield last
        last = Example(language, content) if language in RUN_LANGUAGES else None
    if last:
        yield last


def find_pages(language: str) -> list[Path]:
    return [page for page in PAGES if find_examples(page, language)]


def check_output(example: Example, printed: str) -> None:
    if example.output is None:
        return
    if example.output.lstrip().startswith("{"):
        documents = parse_documents(printed)
        assert documents, f"{example.code}\nprinted no JSON, but {printed!r}"
        assert all(matches(json.loads(example.output), each) for each in documents), printed
    else:
        pattern = re.escape(example.output.strip()).replace(re.escape(ANYTHING), ".*")
        assert re.fullmatch(pattern, printed.strip()), f"{example.output!r}, but {printed!r}"


def parse_documents(text: str) -> list[Any]:
    """Parse the JSON documents that several commands print one after another."""
    documents, decoder = [], json.JSONDecoder()
    while (text := text.lstrip()).startswith("{"):
        document, end = decoder.raw_decode(text)
        documents.append(document)
        text = text[end:]
    return documents


def matches(shown: Any, actual: Any) -> bool:
    """Compare values, except for text that ends with …, rounding, and ids of rows."""
    if isinstance(shown, str) and shown.endswith(ANYTHING):
        return isinstance(actual, str)
    if isinstance(shown, float):
        return isinstance(actual, float) and isclose(shown, actual, rel_tol=0.02)
    if isinstance(shown, dict):
        keys = shown.keys() - {ANYTHING}
        return (
            isinstance(actual, dict)
            and (keys <= actual.keys() if ANYTHING in shown else keys == actual.keys())
            and all(
                matches(shown[key], actual[key]) or _is_row_id(key, actual[key]) for key in keys
            )
        )
    if isinstance(shown, list):
        items = shown[:-1] if ANYTHING in shown else shown
        return (
            isinstance(actual, list)
            and (len(actual) >= len(items) if ANYTHING in shown else len(actual) == len(items))
            and all(map(matches, items, actual))
        )
    return bool(shown == actual)


def _is_row_id(key: str, value: Any) -> bool:
    return key == "id" and isinstance(value, int)
