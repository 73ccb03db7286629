"""The documentation builds without a warning, and its links and commands work."""

import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from mnistsite.tests.examples import DOCS, FENCE, PAGES, ROOT, build_documentation

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SOURCE_ATTRIBUTES = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    build_documentation(folder)
    return folder


class ResourceParser(HTMLParser):
    """Collects the URLs that a page makes a browser load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if url := dict(attrs).get(SOURCE_ATTRIBUTES.get(tag, "")):
            self.urls.append(url)


def test_pages_load_only_their_own_site(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    urls = {url for page in pages for url in ResourceParser(page.read_text()).urls}
    assert len(pages) > len([*DOCS.rglob("*.md")])
    assert any(url.endswith(".css") for url in urls)
    assert not [url for url in urls if urlsplit(url).netloc]
    assert not [sheet for sheet in built.rglob("*.css") if "url(http" in sheet.read_text()]


def test_readme_links_lead_to_files_and_headings() -> None:
    links = [link for link in LINK.findall((ROOT / "README.md").read_text()) if "://" not in link]
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        page = ROOT / path
        assert page.is_file(), link
        assert not anchor or anchor in find_anchors(page), link


def find_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub and mkdocs name them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def find_documented_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each `manage.py` command that a page shows, with its place and its words."""
    for page in PAGES:
        text = "\n".join(content for _, content in FENCE.findall(page.read_text()))
        inline = re.findall(r"`((?:\S*python )?manage\.py [^`]+)`", page.read_text())
        for line in [*text.replace("\\\n", " ").splitlines(), *inline]:
            _, command, rest = line.partition("manage.py ")
            words = shlex.split(rest, comments=True) if command else []
            if words and words[0] in get_commands():
                yield f"{page.relative_to(ROOT)}: {line}", words


@pytest.mark.parametrize(
    ("where", "words"), [*find_documented_commands()], ids=lambda part: str(part)[-60:]
)
def test_documented_command_has_valid_arguments(where: str, words: list[str]) -> None:
    name, *arguments = words
    command = load_command_class(str(get_commands()[name]), name)
    try:
        command.create_parser("manage.py", name).parse_args(arguments)
    except CommandError as error:
        pytest.fail(f"{where}\n{error}")
