"""An ensemble whose members several processes train is the ensemble that one would train."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import keras
import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from classifier.models import TrainingMember, TrainingRun
from classifier.services import members, runs
from training import cnn, spread, trainer
from training.images import Images

pytestmark = pytest.mark.django_db

COURSE = {"epochs": 1, "members": 2, "seed": 1}

ALIKE = """
import django; django.setup()
import numpy as np, tensorflow as tf
from training import cnn, trainer
from training.images import Images
tf.config.experimental.enable_op_determinism()
tf.config.run_functions_eagerly(True)  # tracing would take most of the time
random = np.random.default_rng(0)
labels = np.arange(64, dtype=np.uint8) % 11
images = Images(random.integers(0, 255, (64, 28, 28), np.uint8), labels)
given = trainer.Configuration(epochs=1, members=2, seed=1)
old = [cnn.build(), cnn.build()]
for train in (trainer.fit, lambda *given: trainer.fine_tune(old, *given)):
    whole = train(images, given, lambda _: None, False)
    [second] = train(images, given, lambda _: None, False, [2])
    for ours, alone in zip(whole[1].get_weights(), second.get_weights(), strict=True):
        assert np.allclose(ours, alone, atol=1e-6)
    assert not np.allclose(whole[0].get_weights()[0], second.get_weights()[0], atol=1e-3)
"""


def test_a_member_trained_alone_is_that_of_the_whole_ensemble() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"}
    done = subprocess.run(
        [sys.executable, "-c", ALIKE],
        env=environment,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def run() -> TrainingRun:
    return runs.begin(fine_tune=False, force=False)


@pytest.fixture
def images() -> Images:
    return Images(np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8))


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> dict[int, keras.Model]:
    """What training a member makes, at once."""
    made = {number: cnn.build() for number in (1, 2)}

    def fit(
        images: Images, given: trainer.Configuration, follow: trainer.Follow, _: bool, numbers: Any
    ) -> list[keras.Model]:
        assert (len(images), given) == (3, trainer.Configuration(**COURSE))
        for number in numbers:
            follow({"member": number, "epoch": 1, "loss": 0.5, "accuracy": 0.9})
        return [made[number] for number in numbers]

    monkeypatch.setattr(trainer, "fit", fit)
    return made


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def fit(run: TrainingRun, images: Images) -> tuple[list[keras.Model], list[dict[str, Any]]]:
    epochs: list[dict[str, Any]] = []
    return spread.fit(run.pk, images, COURSE, epochs.append, progress_bar=False), epochs


def folders(settings: Settings) -> list[Path]:
    return list(settings.MODELS_DIR.iterdir())


def test_one_process_alone_trains_all_members_and_leaves_no_folder(
    run: TrainingRun, images: Images, networks: dict[int, keras.Model], settings: Settings
) -> None:
    first, second = fit(run, images)[0]

    assert same(first, networks[1])
    assert same(second, networks[2])
    assert folders(settings) == []


def test_a_member_that_somebody_else_trains_is_waited_for_and_its_epochs_are_told(
    run: TrainingRun,
    images: Images,
    networks: dict[int, keras.Model],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other one claims member 1 at once, and is done when this one comes to wait."""
    share, claims = members.share, list[UUID]()

    def shared(run_id: int, count: int) -> None:
        share(run_id, count)
        claims.extend(filter(None, [members.claim(run_id, 1)]))

    def wait(_: float) -> None:
        assert members.unfinished(run.pk) == [1]
        spread.train_claimed(claims[0])

    monkeypatch.setattr(members, "share", shared)
    monkeypatch.setattr(spread, "time", Mock(sleep=wait))
    fitted, epochs = fit(run, images)

    assert same(fitted[0], networks[1])
    assert [each["member"] for each in epochs] == [1, 2]


def test_a_member_whose_trainer_is_silent_is_taken_over_and_told_once(
    run: TrainingRun,
    images: Images,
    networks: dict[int, keras.Model],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share = members.share

    def shared(run_id: int, count: int) -> None:
        share(run_id, count)
        lost = members.claim(run_id, 2)
        assert lost
        members.tell(lost, [{"member": 2, "epoch": 1, "loss": 0.5, "accuracy": 0.9}])

    def wait(_: float) -> None:
        TrainingMember.objects.filter(number=2).update(heartbeat_at="2020-01-01T00:00Z")

    monkeypatch.setattr(members, "share", shared)
    monkeypatch.setattr(spread, "time", Mock(sleep=wait))
    fitted, epochs = fit(run, images)

    assert same(fitted[1], networks[2])
    assert [each["member"] for each in epochs] == [1, 2]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("disk full")])
def test_however_it_ends_no_folder_is_left(
    error: BaseException,
    run: TrainingRun,
    images: Images,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(trainer, "fit", fail)
    with pytest.raises(type(error)):
        fit(run, images)
    assert folders(settings) == []


def test_what_a_killed_run_left_goes_when_the_next_begins(
    run: TrainingRun, images: Images, networks: dict[int, keras.Model], settings: Settings
) -> None:
    (settings.MODELS_DIR / ".run-1.part").mkdir(parents=True)
    (settings.MODELS_DIR / ".run-1.part" / "1.npz").touch()

    fit(run, images)

    assert folders(settings) == []


def test_a_host_whose_models_are_elsewhere_says_so(run: TrainingRun) -> None:
    members.share(run.pk, 1)
    with pytest.raises(CommandError, match="one MODELS_DIR that all hosts share"):
        call_command("train", "--member", str(members.claim(run.pk, 1)))


def test_a_claim_that_is_lost_is_said(run: TrainingRun) -> None:
    with pytest.raises(CommandError, match="Somebody else trains this member"):
        call_command("train", "--member", str(uuid4()))
