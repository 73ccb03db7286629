"""The documentation builds without a warning, and leads nowhere that is not there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from mnistsite.tests.examples import FENCE, PAGES, ROOT
from reference import api, commands, readme

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LOADS = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Loaded(HTMLParser):
    """What a page makes a browser fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if url := dict(attrs).get(LOADS.get(tag, "")):
            self.found.append(url)


def test_no_page_loads_anything_from_elsewhere(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    loaded = {url for page in pages for url in Loaded(page.read_text()).found}
    assert len(pages) > len(PAGES) - 1
    assert any(url.endswith(".css") for url in loaded)
    assert not [url for url in loaded if urlsplit(url).netloc]
    sheets = [sheet for sheet in built.rglob("*.css") if "url(http" in sheet.read_text()]
    assert not sheets


def test_what_is_generated_is_in_the_pages(built: Path) -> None:
    for page in ("api", "commands", "settings"):
        assert "&lt;!--" not in (built / f"reference/{page}.html").read_text()
    text = (built / "reference/api.html").read_text()
    for path, methods in api.schema()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in text
    for name, _ in commands.own():
        assert f'id="{name}"' in (built / "reference/commands.html").read_text()


def test_the_readmes_links_lead_somewhere() -> None:
    links = [link for link in LINK.findall(readme.README.read_text()) if "://" not in link]
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        page = ROOT / path
        assert page.is_file(), link
        assert not anchor or anchor in headings(page), link


def headings(page: Path) -> set[str]:
    """As both GitHub and mkdocs name them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def managed() -> Iterator[tuple[str, list[str]]]:
    """Each `manage.py` command that a page shows, without its comment."""
    for page in PAGES:
        text = "\n".join(content for _, content in FENCE.findall(page.read_text()))
        inline = re.findall(r"`((?:\S*python )?manage\.py [^`]+)`", page.read_text())
        for line in [*text.replace("\\\n", " ").splitlines(), *inline]:
            _, found, rest = line.partition("manage.py ")
            words = shlex.split(rest, comments=True) if found else []
            if words and words[0] in get_commands():
                yield f"{page.relative_to(ROOT)}: {line}", words


@pytest.mark.parametrize(("where", "words"), [*managed()], ids=lambda each: str(each)[-60:])
def test_a_command_that_a_page_shows_takes_what_it_is_given(where: str, words: list[str]) -> None:
    name, *given = words
    app = get_commands()[name]
    command = load_command_class(str(app), name)
    try:
        command.create_parser("manage.py", name).parse_args(given)
    except CommandError as error:
        pytest.fail(f"{where}\n{error}")
