"""Fine-tuning from the champion, the gate, and promotion."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from classifier.labelling import labels
from classifier.models import (
    Delivery,
    Erasure,
    InputImage,
    ModelState,
    ModelVersion,
    Promotion,
    RunState,
    Source,
    TrainingRun,
    Upload,
    Via,
    Webhook,
)
from classifier.recognition import model_folder
from classifier.recognition.labels import Event
from classifier.recognition.recognizer import Recognizer
from classifier.registry import versions
from classifier.registry.serving import find_model_folder
from classifier.tests import factories
from classifier.uploads import deletion, submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_real_training")]


def train(**options: Any) -> None:
    call_command("train", **({"epochs": 3, "name": "candidate"} | options))


@pytest.fixture
def label(
    champion: ModelVersion, admin_user: User, draw_digit: Callable[..., bytes]
) -> Callable[..., list[UUID]]:
    """Return a function that uploads sevens and labels them."""

    def label(count: int, to: str = "1") -> list[UUID]:
        answers = [
            submission.classify_picture(draw_digit(7, which), Source.WEB) for which in range(count)
        ]
        ids = [answer.digits[0].id for answer in answers if answer.digits[0].id]
        labels.apply_labels(dict.fromkeys(ids, to), admin_user, Via.ADMIN)
        return ids

    return label


def get_newest_run() -> TrainingRun:
    return TrainingRun.objects.latest("id")


def test_fine_tuning_starts_from_the_champion_and_lists_new_labels(
    few: None, label: Callable[..., list[UUID]], capsys: pytest.CaptureFixture[str]
) -> None:
    first = label(4)
    train(fine_tune=True, name="second")
    version = ModelVersion.objects.get(name="second")
    corrected = version.snapshot["corrected"]
    assert set(corrected) <= {str(image_id) for image_id in first}
    assert len(corrected) + version.snapshot["left_out"]["held_out"] == 4
    assert version.snapshot["since"] == {"model": "baseline", "images": [*corrected]}
    assert version.configuration["fine_tuned_from"] == "baseline"
    assert version.configuration["members"] == 3
    assert f"New labels since model baseline: {len(corrected)}." in capsys.readouterr().out

    versions.promote_model("second")
    label(8, to="2")
    train(fine_tune=True, name="third")
    since = ModelVersion.objects.get(name="third").snapshot["since"]
    assert since["model"] == "second"
    assert not set(since["images"]) & set(corrected)
    assert get_newest_run().state == RunState.SUCCEEDED


def test_run_without_new_labels_ends_unless_forced(
    few: None, label: Callable[..., list[UUID]], capsys: pytest.CaptureFixture[str]
) -> None:
    label(4)
    train(fine_tune=True, name="second", promote=True)
    capsys.readouterr()
    train(fine_tune=True, name="third")
    assert capsys.readouterr().out == (
        "Nothing new to learn: model second knows every label that is not held out.\n"
    )
    assert get_newest_run().state == RunState.NOTHING_NEW
    train(fine_tune=True, name="third", force=True)
    assert get_newest_run().result == ModelVersion.objects.get(name="third")


def test_model_that_passes_the_gate_is_promoted_on_request(
    few: None, label: Callable[..., list[UUID]], capsys: pytest.CaptureFixture[str]
) -> None:
    label(4)
    train(fine_tune=True, name="second")
    second = ModelVersion.objects.get(name="second")
    assert (second.state, second.comparison["passed"]) == (ModelState.CANDIDATE, True)
    test = second.comparison["sets"]["test"]
    assert (test["images"], test["better"], test["worse"]) == (125, [], [])
    assert "Passed the gate, against baseline: On the test split no images" in get_newest_run().log

    train(fine_tune=True, name="third", promote=True)
    promotion = Promotion.objects.latest("id")
    assert (promotion.model.name, promotion.via) == ("third", Via.COMMAND)
    assert "third is the champion now." in capsys.readouterr().out


def test_effects_of_new_labels_are_stored_with_the_model(
    few: None, label: Callable[..., list[UUID]]
) -> None:
    label(4, to="7")

    train(fine_tune=True, name="second")

    version = ModelVersion.objects.get(name="second")
    [seven] = version.effects["labels"]
    trained_on = len(version.snapshot["corrected"])
    assert (seven["label"], seven["images"]) == ("7", trained_on)
    assert seven["champion_right"] == seven["candidate_right"] == trained_on
    assert {group["champion"] for group in seven["groups"]} == {"7"}
    assert version.effects["champion_metrics"]["test"]["digits"] == 125


def test_model_of_an_image_deleted_during_the_training_is_not_promoted(
    few: None, label: Callable[..., list[UUID]], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.FORGET_WITHIN_DAYS = 7
    label(4)

    def delete_uploads(*_: Any) -> list[Any]:
        deletion.delete_uploads([*Upload.objects.values_list("pk", flat=True)])
        return []

    monkeypatch.setattr("training.trainer.fine_tune", delete_uploads)
    train(fine_tune=True, name="second", promote=True)

    second = ModelVersion.objects.get(name="second")
    assert second.state == ModelState.CANDIDATE
    assert "deleted since. Train a model from scratch" in get_newest_run().log
    learned = Erasure.objects.filter(trained_models=["second"]).values_list("image_id", flat=True)
    assert {str(image) for image in learned} == {*second.snapshot["corrected"]}


def test_candidate_is_announced_to_webhooks(
    few: None, label: Callable[..., list[UUID]], settings: Settings
) -> None:
    settings.AUTO_PROMOTE = True  # waits for labels of what the candidate reads differently
    Webhook.objects.create(url="http://receiver/", secret="x", events=[Event.MODEL_CANDIDATE])
    label(4)

    train(fine_tune=True, name="second")

    assert ModelVersion.objects.get(name="second").state == ModelState.CANDIDATE
    payload = Delivery.objects.get().payload
    assert payload["type"] == "model.candidate"
    assert (payload["data"]["name"], payload["data"]["against"]) == ("second", "baseline")


@pytest.mark.slow
def test_worse_model_is_registered_as_rejected_and_not_promoted(
    few: None,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from training import network
    from training.tests.stand_ins import write_members

    untrained = [network.build_network()]
    monkeypatch.setattr("training.export.write_members", lambda to, _: write_members(to, untrained))
    train(promote=True)
    version = ModelVersion.objects.get(name="candidate")
    assert version.state == ModelState.REJECTED
    assert ModelVersion.objects.champion() == champion
    worse = version.comparison["sets"]["test"]["worse"]
    assert InputImage.objects.filter(pk__in=worse, is_training=False).count() > 60
    assert re.search(
        r"REJECTED, against baseline: On the test split \d+ images got", get_newest_run().log
    )
    assert (
        "candidate is registered as rejected; baseline remains the champion."
        in capsys.readouterr().out
    )
    assert Recognizer(find_model_folder("candidate")).name == "candidate"


def test_champion_without_weights_cannot_be_fine_tuned(
    few: None, label: Callable[..., list[UUID]], settings: Settings
) -> None:
    folder = factories.copy_bundled_model("bare")
    (folder / model_folder.WEIGHTS).unlink()
    (folder / model_folder.MANIFEST).unlink()
    bundled = model_folder.verify(settings.BUNDLED_MODELS_DIR / "baseline")
    model_folder.write_manifest(folder, replace(bundled, name="bare"))
    versions.promote_model("bare")
    label(4)
    with pytest.raises(CommandError, match="train from scratch"):
        train(fine_tune=True)
    assert get_newest_run().state == RunState.FAILED


def test_second_run_is_refused_while_one_is_unfinished(
    few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_again(*_: Any) -> list[Any]:
        with pytest.raises(CommandError, match=r"run \d+ has not finished"):
            train(name="other")
        return []

    monkeypatch.setattr("training.trainer.fit", train_again)
    train()
    assert TrainingRun.objects.count() == 1


def test_run_without_a_network_names_the_ways_to_load_mnist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OSError("no network")

    monkeypatch.setattr("keras.datasets.mnist.load_data", refuse)
    with pytest.raises(CommandError, match="no network"):
        train()
    run = get_newest_run()
    assert run.state == RunState.FAILED
    for way in ("no network", "manage.py loadmnist --npz PATH", "manage.py loadmnist --sample"):
        assert way in run.error
        assert way in run.log
