"""The command `train`, from rows to a registered model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from numpy.typing import NDArray
from pytest_django.fixtures import Settings

from classifier.models import InputImage, ModelState, ModelVersion, RunState, TrainingRun
from classifier.recognition import model_folder
from classifier.recognition.ink_finder import InkFinder
from classifier.recognition.recognizer import NOT_A_DIGIT, Graph, Recognizer
from classifier.registry import signatures, versions

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def assert_graph_matches_weights(folder: Path, images: NDArray[np.uint8]) -> None:
    from training import export

    members = export.read_members(folder)
    served = Graph((folder / model_folder.GRAPH).read_bytes()).run(images)
    inputs = images[..., np.newaxis].astype(np.float32) / 255
    expected = np.stack([each.predict(inputs, verbose=0) for each in members], axis=1)
    # Half precision has eleven bits.
    assert np.allclose(served.logits, expected[..., :NOT_A_DIGIT], atol=0.02)
    assert np.allclose(served.rejection, expected[..., NOT_A_DIGIT], atol=0.02)
    assert served.features.shape[:2] == (len(images), len(members))


def assert_ink_finder_accepts_any_size(folder: Path) -> None:
    finder = InkFinder((folder / model_folder.INK).read_bytes())
    for shape in ((70, 90), (300, 500), (31, 400)):
        ink = finder.find(np.full(shape, 200, np.float32))
        assert ink.shape == shape
        assert 0 <= ink.min() <= ink.max() <= 1


def train(**options: Any) -> None:
    call_command("train", **({"epochs": 2, "name": "candidate"} | options))


def assert_files_are_complete(version: ModelVersion, digits: Any, settings: Settings) -> None:
    folder = settings.MODELS_DIR / "candidate"
    assert {path.name for path in folder.iterdir()} == {
        "exemplars.npz",
        "ink.tflite",
        "lines.tflite",
        "manifest.json",
        "manifest.sig",
        "model.tflite",
        "rejector.npz",
        "weights.npz",
    }
    assert json.loads((folder / "manifest.json").read_text())["metrics"] == version.metrics
    assert np.sum(version.metrics["test_details"]["confusion"]) == 125
    assert_graph_matches_weights(folder, digits[0][::1000])
    assert_ink_finder_accepts_any_size(folder)
    exemplars = Recognizer(folder).exemplars
    assert exemplars
    pixels = InputImage.objects.filter(is_training=True).values_list("pixels", flat=True)
    assert {each.tobytes() for each in exemplars.pixels} <= set(map(bytes, pixels))
    for picture in ("confusion_matrix.png", "reliability.png", "risk_coverage.png", "classes.png"):
        assert (settings.IMAGES_DIR / "candidate" / picture).stat().st_size > 5_000


def test_run_creates_a_model_plots_and_a_record(
    few: None,
    digits: Any,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The line reader and the ink finder are here for their files, not for their skill. Two batches
    # of lines would differ in width and take two compilations.
    monkeypatch.setattr("training.lines.trainer.MAX_LINES", 32)
    monkeypatch.setattr("training.ink.trainer.MAX_SCENES", 4)
    monkeypatch.setattr("training.ink.trainer.BATCH", 4)
    monkeypatch.setattr("training.lines.calibration.LINES", 6)
    settings.MODEL_SIGNING_KEY = "the key of this site"
    train(members=1, epochs=6)
    printed = capsys.readouterr().out
    assert "Training on 1,250 images: 1,250 MNIST sample." in printed
    assert "SAMPLE: this model learns from the 5,000-image sample" in printed
    assert "To promote it: python manage.py promote candidate" in printed

    version = ModelVersion.objects.get(name="candidate")
    assert version.state == ModelState.CANDIDATE
    assert version.signer == signatures.read_signer(settings.MODELS_DIR / "candidate") != ""
    assert version.metrics["test"]["digits"] == 125
    assert version.metrics["test"]["accuracy"] >= 0.8
    assert version.snapshot["by_source"] == {"mnist_sample": 1_250}
    assert version.configuration == {"epochs": 6, "members": 1, "seed": 1}
    assert versions.summarize_snapshot(version.snapshot).is_sample

    assert_files_are_complete(version, digits, settings)

    run = TrainingRun.objects.get()
    assert (run.state, run.result) == (RunState.SUCCEEDED, version)
    epochs = [(entry["member"], entry["epoch"]) for entry in run.progress]
    assert epochs == [(1, epoch) for epoch in range(1, 7)]
    assert "Member 1 of 1, epoch 6 of 6: loss" in run.log
    assert set(run.log.splitlines()) <= set(printed.splitlines())


@pytest.mark.usefixtures("no_real_training")
@pytest.mark.parametrize(
    "function",
    [
        "training.trainer.fit",
        "training.export.write_members",
        "classifier.recognition.model_folder.write_manifest",
        "training.evaluation.plots.plot_classes",
        "classifier.registry.versions.register_model",
    ],
)
@pytest.mark.parametrize(
    ("error", "state"),
    [(KeyboardInterrupt(), RunState.CANCELLED), (OSError("disk full"), RunState.FAILED)],
)
def test_run_that_ends_early_leaves_no_incomplete_model(
    function: str,
    error: BaseException,
    state: RunState,
    few: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(function, fail)
    with pytest.raises((CommandError, OSError)):
        train()
    assert TrainingRun.objects.get().state == state
    assert not ModelVersion.objects.exists()
    assert not list(settings.MODELS_DIR.glob(".*"))
    assert not list(settings.IMAGES_DIR.glob(".*"))
    for folder in settings.MODELS_DIR.glob("*"):
        assert Recognizer(folder).name == "candidate"


@pytest.mark.usefixtures("no_real_training")
def test_name_of_a_failed_run_can_be_used_again(few: None, settings: Settings) -> None:
    (settings.IMAGES_DIR / "candidate").mkdir(parents=True)
    train()
    with pytest.raises(CommandError, match="exists already; choose another --name"):
        train()


def test_training_without_enough_digits_is_refused(sample: None) -> None:
    InputImage.objects.filter(is_training=True).delete()
    with pytest.raises(
        CommandError, match="100 labelled images of each digit, but there are only 0 of digit 0"
    ):
        train()


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (["--epochs", "0"], "not a whole number of at least 1"),
        (["--members", "many"], "not a whole number of at least 1"),
        (["--name", "../up"], "can't name a folder"),
        (["--fine-tune", "--members", "2"], "which trains the champion's members"),
    ],
)
def test_wrong_option_is_refused_with_a_hint(wrong: list[str], hint: str) -> None:
    with pytest.raises(CommandError, match=hint):
        call_command("train", *wrong)


def test_loss_classifies_digits_and_rejects_non_digits() -> None:
    from training import trainer

    certain = np.full((1, 11), -20.0, np.float32)
    certain[0, 3] = 20.0

    def loss(label: int) -> float:
        return float(trainer.loss(np.array([label]), certain)[0])

    assert loss(3) == pytest.approx(0, abs=1e-4)
    assert loss(4) == pytest.approx(40, abs=1e-3)
    assert loss(NOT_A_DIGIT) == pytest.approx(trainer.REJECTION_WEIGHT * 20, abs=1e-3)
    certain[0, NOT_A_DIGIT] = 20.0
    assert loss(NOT_A_DIGIT) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "share"), [([3, 4, NOT_A_DIGIT], 0.5), ([NOT_A_DIGIT] * 3, 0.0)]
)
def test_accuracy_counts_digits_and_is_zero_without_any(labels: list[int], share: float) -> None:
    from training import trainer

    outputs = np.zeros((3, 11), np.float32)
    outputs[:, 3] = 1.0
    assert float(trainer.accuracy(np.array(labels), outputs)) == share


def test_commands_import_no_heavy_libraries_before_they_run() -> None:
    script = (
        "import sys, django; django.setup();"
        "from django.core.management import get_commands, load_command_class;"
        "[load_command_class(app, name) for name, app in get_commands().items()"
        " if app in ('classifier', 'training')];"
        "sys.exit(' '.join({'tensorflow', 'keras', 'matplotlib', 'wandb'} & set(sys.modules)) or 0)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
