"""Weights & Biases: offline by default, silent where it is not there."""

from pathlib import Path

import pytest

from training import tracking


def test_a_run_is_kept_on_this_machine_unless_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    with tracking.tracked("a-run", {"epochs": 1}, tmp_path) as tracker:
        tracker.log({"loss": 0.5})
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))


@pytest.mark.parametrize(
    ("environment", "mode"),
    [({}, "offline"), ({"WANDB_API_KEY": "k"}, "online"), ({"WANDB_MODE": "shared"}, "shared")],
)
def test_the_environment_says_where_a_run_goes(
    environment: dict[str, str], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracking.mode() == mode


def test_training_goes_on_where_wandb_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with tracking.tracked("a-run", {}, tmp_path) as tracker:
        tracker.log({"loss": 0.5})
    assert not list(tmp_path.iterdir())
