"""Visitors are answered in their language, where it is translated, and staff in English."""

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
FOLDER = Path("locale/de/LC_MESSAGES")
COPIED = ("classifier", "mnistsite", "training", "templates", "locale", "manage.py", "Makefile")


def catalog(root: Path) -> Catalog:
    with (root / FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="de")


@pytest.mark.django_db
def test_a_browser_that_asks_for_german_gets_german(client: Client) -> None:
    page = client.get("/", headers=GERMAN)

    assert page["Content-Language"] == "de"
    assert '<html lang="de"' in page.content.decode()
    assert "Welche Ziffer ist das?" in page.content.decode()


@pytest.mark.django_db
def test_a_language_that_is_not_there_is_answered_in_english(client: Client) -> None:
    page = client.get("/", headers={"Accept-Language": "eo"})

    assert '<html lang="en"' in page.content.decode()


@pytest.mark.django_db
def test_a_visitor_chooses_a_language_and_keeps_it(client: Client) -> None:
    chosen = client.post("/language", {"language": "de", "next": "/"})

    assert chosen.headers["Location"] == "/"
    assert client.get("/")["Content-Language"] == "de"


def test_choosing_a_language_leads_nowhere_else(client: Client) -> None:
    chosen = client.post("/language", {"language": "de", "next": "https://elsewhere.example/"})

    assert chosen.headers["Location"] == "/"


@pytest.mark.django_db
def test_what_is_wrong_with_a_picture_is_said_in_german(client: Client) -> None:
    answer = client.post("/api/predict", b"no picture", "image/png", headers=GERMAN)

    assert answer.json()["code"] == "not_an_image"
    assert answer.json()["detail"].startswith("Die Datei ist kein Bild.")


@pytest.mark.django_db
def test_the_staffs_pages_are_english_all_through(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)

    page = client.get("/admin/", headers=GERMAN)

    assert page["Content-Language"] == "en"
    assert "Log out" in page.content.decode()


def test_the_compiled_catalog_is_that_of_the_source() -> None:
    compiled = BytesIO()
    write_mo(compiled, catalog(settings.BASE_DIR))

    assert _messages(compiled.getvalue()) == _messages(
        (settings.BASE_DIR / FOLDER / "django.mo").read_bytes()
    )


def _messages(compiled: bytes) -> dict[str, str]:
    from gettext import GNUTranslations

    found: dict[str, str] = GNUTranslations(BytesIO(compiled))._catalog  # type: ignore[attr-defined]
    found.pop("")
    return found


def test_every_text_is_translated(tmp_path: Path) -> None:
    """By taking the texts out of the code anew."""
    if not shutil.which("xgettext") and not os.environ.get("CI"):
        pytest.skip("gettext is not installed")
    for name in COPIED:
        source, copy = settings.BASE_DIR / name, tmp_path / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)

    command = ["make", "messages", f"BIN={Path(sys.executable).parent}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    now = catalog(tmp_path)
    assert [message.id for message in now if not message.string or message.fuzzy] == []
    assert {message.id for message in now} == {message.id for message in catalog(settings.BASE_DIR)}
