"""Visitors and staff get their language if it is translated."""

import os
import re
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
from django.test import Client

from classifier.models import ModelVersion

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
FOLDER = Path("locale/de/LC_MESSAGES")
COPIED = ("classifier", "mnistsite", "training", "templates", "locale", "manage.py", "Makefile")


def read_catalog(root: Path) -> Catalog:
    with (root / FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="de")


@pytest.mark.django_db
def test_german_browser_gets_german(client: Client) -> None:
    page = client.get("/", headers=GERMAN)

    assert page["Content-Language"] == "de"
    assert '<html lang="de"' in page.content.decode()
    assert "Welche Ziffer ist das?" in page.content.decode()


@pytest.mark.django_db
def test_unknown_language_gets_english(client: Client) -> None:
    page = client.get("/", headers={"Accept-Language": "eo"})

    assert '<html lang="en"' in page.content.decode()


@pytest.mark.django_db
def test_chosen_language_is_remembered(client: Client) -> None:
    response = client.post("/language", {"language": "de", "next": "/"})

    assert response.headers["Location"] == "/"
    assert client.get("/")["Content-Language"] == "de"


def test_language_choice_does_not_redirect_to_another_site(client: Client) -> None:
    response = client.post("/language", {"language": "de", "next": "https://elsewhere.example/"})

    assert response.headers["Location"] == "/"


@pytest.mark.django_db
def test_picture_error_is_translated(client: Client) -> None:
    response = client.post("/api/predict", b"no picture", "image/png", headers=GERMAN)

    assert response.json()["code"] == "not_an_image"
    assert response.json()["detail"].startswith("Die Datei ist kein Bild.")


STAFF_PAGES = {
    "": "Es gibt nichts zu beschriften.",
    "classifier/inputimage/": "Zu beschriften",
    "classifier/inputimage/queue/": "Kein Ziffernbild wartet auf eine Beschriftung.",
    "classifier/inputimage/rows/": "Ziffern einer Zeile",
    "classifier/inputimage/grid/": "Was davon ist keine 0?",
    "classifier/inputimage/transfer/": "Noch ist kein hochgeladenes Ziffernbild beschriftet.",
    "classifier/modelversion/": "Trainiert mit",
    "classifier/modelversion/timeline/": "Eingesetzt von",
    "classifier/trainingrun/": "Von Grund auf trainieren",
    "classifier/upload/": "Dateityp",
    "classifier/webhook/add/": "Beim Speichern entsteht ein Geheimnis",
    "classifier/apitoken/add/": "wofür das Token verwendet werden darf",
    "account/": "angemeldeten Personen",
    "auth/user/": "Beschriftung",
}


@pytest.mark.django_db
def test_staff_pages_are_german(
    admin_client: Client, champion: ModelVersion, subtests: pytest.Subtests
) -> None:
    for address, text in STAFF_PAGES.items():
        with subtests.test(address):
            page = admin_client.get(f"/admin/{address}", headers=GERMAN)
            assert text in page.text
            assert "Abmelden" in page.text


@pytest.mark.django_db
def test_broken_rule_is_translated(labeller_client: Client) -> None:
    page = labeller_client.post(
        "/admin/classifier/inputimage/rows/", {"undo": "1"}, headers=GERMAN, follow=True
    )

    assert "Es gibt nichts rückgängig zu machen." in page.text


def test_compiled_catalog_matches_its_source() -> None:
    compiled = BytesIO()
    write_mo(compiled, read_catalog(settings.BASE_DIR))

    assert read_messages(compiled.getvalue()) == read_messages(
        (settings.BASE_DIR / FOLDER / "django.mo").read_bytes()
    )


def read_messages(compiled: bytes) -> dict[str, str]:
    from gettext import GNUTranslations

    messages: dict[str, str] = GNUTranslations(BytesIO(compiled))._catalog  # type: ignore[attr-defined]
    messages.pop("")
    return messages


# Parts of templates that hold no text, and texts in `translate` and `blocktranslate`.
SYNTAX = re.compile(
    r"{% (comment|blocktranslate)\b.*?{% end\1 %}|<(code|kbd|style|svg)\b.*?</\2>"
    r"|{% block (bodyclass|coltype) %}.*?{% endblock %}|{[{%#].*?[}%#]}",
    re.DOTALL,
)
NAMED = re.compile(r'\s(?:aria-label|alt|title|placeholder)="([^"]*)"')
NAMES = {"mnistsite", "API", "curl", "Python", "JavaScript"}


def test_templates_have_no_text_in_one_language() -> None:
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        page = SYNTAX.sub(" ", path.read_text())
        text = " ".join([re.sub("<[^>]*>|&[a-z]+;", " ", page), *NAMED.findall(page)])
        assert {*re.findall(r"[^\W\d_]{2,}", text)} <= NAMES, path


@pytest.mark.slow
def test_every_text_is_translated(tmp_path: Path) -> None:
    if not shutil.which("xgettext") and not os.environ.get("CI"):
        pytest.skip("gettext is not installed")
    for name in COPIED:
        source, copy = settings.BASE_DIR / name, tmp_path / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)

    command = ["make", "messages", f"BIN={Path(sys.executable).parent}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    extracted = read_catalog(tmp_path)
    assert [message.id for message in extracted if not message.string or message.fuzzy] == []
    assert {message.id for message in extracted} == {
        message.id for message in read_catalog(settings.BASE_DIR)
    }
