"""A new installation gets random secrets, once."""

import os
import stat
from pathlib import Path

import pytest

from mnistsite.entrypoints import generate_secrets

NAMES = {"secret_key", "model_signing_key", "database_password", "admin_password"}


def read_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_secrets_are_long_random_and_read_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate_secrets.main([str(tmp_path)]) == 0

    secrets = read_files(tmp_path)
    assert set(secrets) == NAMES
    assert len(set(secrets.values())) == len(NAMES)
    assert all(len(value) >= 40 and value == value.strip() for value in secrets.values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o444}
    output = capsys.readouterr().out
    assert not [value for value in secrets.values() if value in output]


def test_missing_secrets_are_generated(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("chosen by the operator")

    assert generate_secrets.main([str(tmp_path)]) == 0
    first = read_files(tmp_path)
    assert first["secret_key"] == "chosen by the operator"
    assert set(first) == NAMES

    assert generate_secrets.main([str(tmp_path)]) == 0
    assert read_files(tmp_path) == first


def test_secret_of_a_parallel_run_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "secret_key", os.link

    def link_late(source: Path, target: Path) -> None:
        path.write_text("of the other run")
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    assert generate_secrets.generate_secret(path) is False
    assert read_files(tmp_path) == {"secret_key": "of the other run"}


def test_missing_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_secrets.main([str(tmp_path / "nowhere")]) == 1
    assert "Can't write the secrets" in capsys.readouterr().err


def test_missing_argument_prints_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_secrets.main([]) == 2
    assert "mnistsite.entrypoints.generate_secrets FOLDER" in capsys.readouterr().err
