"""Readers of environment variables reject wrong values with the variable's name."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from mnistsite import env


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SOME", "SOME_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_boolean_has_several_spellings(text: str, value: bool, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    assert env.boolean("SOME", not value) is value


def test_empty_variable_has_its_default(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", " ")
    assert env.boolean("SOME", True) is True
    assert env.integer("SOME", 7) == 7
    assert env.items("SOME", "a, b") == ["a", "b"]
    assert env.path("SOME", Path("/data")) == Path("/data")
    assert env.secret("SOME") == ""


def test_secrets_are_not_among_the_recorded_settings(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", "value")
    assert env.string("SOME") == env.settings["SOME"]
    env.secret("SOME")
    assert "SOME" not in env.settings


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_wrong_boolean_is_rejected(text: str, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    with pytest.raises(ImproperlyConfigured, match=f"SOME='{text}' is not a boolean"):
        env.boolean("SOME", False)


@pytest.mark.parametrize("text", ["security@example.org", "http://example.org", "mailto:a b@c.de"])
def test_wrong_contact_is_rejected(text: str, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    with pytest.raises(ImproperlyConfigured, match="is not a contact"):
        env.contact("SOME")


@pytest.mark.parametrize("text", ["ten", "-1", "0", "1.5"])
def test_wrong_number_is_rejected(text: str, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    with pytest.raises(ImproperlyConfigured, match=f"SOME='{text}' is not a whole number"):
        env.integer("SOME", 5, minimum=1)


def test_choice_is_accepted(setting: pytest.MonkeyPatch) -> None:
    assert env.one_of("SOME", "http", ["http", "https"]) == "http"
    setting.setenv("SOME", "https")
    assert env.one_of("SOME", "http", ["http", "https"]) == "https"


@pytest.mark.parametrize("text", ["HTTPS", "ftp", "https://"])
def test_unknown_choice_is_rejected(text: str, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    with pytest.raises(ImproperlyConfigured, match=f"SOME='{text}' is not one of http, https"):
        env.one_of("SOME", "http", ["http", "https"])


def test_networks_are_read(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", "10.0.0.0/8, ::1")
    assert [str(network) for network in env.networks("SOME")] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize("text", ["10.0.0.1/8", "internal"])
def test_wrong_network_is_rejected(text: str, setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME", text)
    with pytest.raises(ImproperlyConfigured, match=r"SOME: .* Use networks like"):
        env.networks("SOME")


def test_secret_is_read_from_a_file(tmp_path: Path, setting: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hush\n")
    setting.setenv("SOME_FILE", str(tmp_path / "secret"))
    assert env.secret("SOME") == "hush"
    setting.setenv("SOME", "loud")
    with pytest.raises(ImproperlyConfigured, match="Set SOME or SOME_FILE, not both"):
        env.secret("SOME")


def test_missing_secret_file_is_rejected(setting: pytest.MonkeyPatch) -> None:
    setting.setenv("SOME_FILE", "/nowhere/secret")
    with pytest.raises(ImproperlyConfigured, match="SOME_FILE='/nowhere/secret' can't be read"):
        env.secret("SOME")
