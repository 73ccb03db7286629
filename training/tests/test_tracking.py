"""Tracking with Weights & Biases."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import RunState, TrainingRun
from classifier.tests.pages import get_admin_url, read_text
from training import tracking

pytestmark = pytest.mark.slow


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove wandb's settings, and make its server unreachable."""
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")


def track(folder: Path) -> list[str]:
    """Track one value, and return the announcements."""
    announced: list[str] = []
    with tracking.track_run("a-run", {"epochs": 1}, folder, announced.append) as log:
        log({"loss": 0.5})
    return announced


def test_run_is_tracked_offline_by_default(tmp_path: Path, unset: None) -> None:
    folder = tmp_path / "with a space"
    [announced] = track(folder)
    [run] = folder.glob("wandb/offline-run-*")
    first, second = announced.splitlines()
    assert first == f"Tracked offline in {run}"
    assert [*run.glob("*.wandb")]
    program, *arguments = shlex.split(second.removeprefix("To upload it: "))
    assert arguments == ["sync", str(run)]
    assert Path(program).is_file()


def test_training_installs_wandb() -> None:
    """`make run` and the trainer's image install this list."""
    locked = (project.BASE_DIR / "requirements" / "train.txt").read_text()
    assert re.search(r"^wandb==", locked, re.MULTILINE)


@pytest.mark.django_db
def test_log_and_page_of_a_run_show_the_upload_command(
    few: None,
    unset: None,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    admin_client: Client,
) -> None:
    from training.tests import stand_ins

    stand_ins.install(monkeypatch.setattr)
    settings.WANDB_DIR = tmp_path / "runs"
    call_command("train")
    [folder] = settings.WANDB_DIR.glob("wandb/offline-run-*")
    run = TrainingRun.objects.get()
    assert run.state == RunState.SUCCEEDED
    assert f"wandb sync {folder}\n" in run.log
    assert f"wandb sync {folder} " in read_text(admin_client, get_admin_url(run))


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({}, "offline"),
        ({"WANDB_MODE": ""}, "offline"),
        ({"WANDB_API_KEY": "k"}, "online"),
        ({"WANDB_MODE": "shared"}, "shared"),
    ],
)
def test_environment_chooses_the_mode(
    environment: dict[str, str], mode: str, unset: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracking.choose_mode() == mode


def uninstall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)


def disable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.mark.parametrize("prevent", [uninstall, disable])
def test_run_is_not_tracked_if_wandb_is_missing_or_disabled(
    prevent: Callable[[pytest.MonkeyPatch], None],
    unset: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prevent(monkeypatch)
    assert track(tmp_path) == []
    assert not [*tmp_path.iterdir()]


def test_run_is_not_tracked_if_its_folder_is_not_writable(unset: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [announced] = track(tmp_path / "file" / "runs")
    assert announced.startswith("Not tracked: ")
    assert "Set WANDB_DIR" in announced
