"""Static files have hashed names, are compressed, and are small."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from mnistsite.static_files import collect_changed

FIRST_PAGE_BYTES = 80_000
HEADERS_BYTES = 600  # of one response, at most


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    """The folder with the project's collected files."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "mnistsite.static_files.HashedStaticFilesStorage"}
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    return tmp_path / "static"


def find_files(page: str, folder: Path) -> list[Path]:
    names = set(re.findall(r'(?:href|src)="/static/([^"]+)"', page))
    return [folder / name for name in sorted(names)]


def test_modules_are_imported_and_preloaded_by_hashed_names(
    collected: Path, client: Client
) -> None:
    page = client.get("/").content.decode()
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    main = collected / names["input/main.js"]
    imported = re.findall(r'from "\./([^"]+)"', main.read_text())

    assert len(imported) > 5
    for name in imported:
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name)
        assert (collected / "input" / name).is_file()
        assert f'<link rel="modulepreload" href="/static/input/{name}">' in page


def test_first_page_has_less_than_80_kilobytes(collected: Path, client: Client) -> None:
    response = client.get("/")
    files = find_files(response.content.decode(), collected)
    assert len(files) > 10
    sizes = [measure_transfer(file) for file in files]
    assert sum(sizes) + len(response.content) + HEADERS_BYTES * len(files) < FIRST_PAGE_BYTES


def measure_transfer(file: Path) -> int:
    compressed = file.with_name(file.name + ".gz")
    return min(each.stat().st_size for each in (file, compressed) if each.exists())


def test_files_are_collected_only_after_a_change(settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("first")
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    collected = settings.STATIC_ROOT / "page.css"
    collect_changed()

    collected.write_text("unchanged")
    collect_changed()
    assert collected.read_text() == "unchanged"

    (source / "page.css").write_text("the second")
    collect_changed()
    assert collected.read_text() == "the second"


def test_unserved_packages_are_not_collected(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    collect_changed()
    assert (tmp_path / "admin/css/base.css").exists()
    assert not list(tmp_path.rglob("redoc*"))
    assert not (tmp_path / "rest_framework").exists()
