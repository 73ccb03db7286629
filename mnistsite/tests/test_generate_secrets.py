"""A new installation gets secrets of its own, once."""

import os
import stat
from pathlib import Path

import pytest

from mnistsite.entrypoints import generate_secrets

NAMES = {"secret_key", "database_password", "admin_password"}


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_each_secret_is_long_random_and_alone_in_a_file_that_nobody_can_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate_secrets.main([str(tmp_path)]) == 0

    made = contents(tmp_path)
    assert set(made) == NAMES
    assert len(set(made.values())) == len(NAMES)
    assert all(len(value) >= 40 and value == value.strip() for value in made.values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o444}
    said = capsys.readouterr().out
    assert not [value for value in made.values() if value in said]


def test_what_is_there_is_kept_and_what_is_missing_made(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("chosen by the operator")

    assert generate_secrets.main([str(tmp_path)]) == 0
    first = contents(tmp_path)
    assert first["secret_key"] == "chosen by the operator"
    assert set(first) == NAMES

    assert generate_secrets.main([str(tmp_path)]) == 0
    assert contents(tmp_path) == first


def test_what_another_has_made_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "secret_key", os.link

    def late(source: Path, target: Path) -> None:
        path.write_text("of the other")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert generate_secrets.generate(path) is False
    assert contents(tmp_path) == {"secret_key": "of the other"}


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate_secrets.main([str(tmp_path / "nowhere")]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_without_a_folder_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_secrets.main([]) == 2
    assert "mnistsite.entrypoints.generate_secrets FOLDER" in capsys.readouterr().err
