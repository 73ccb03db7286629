"""Tests of model folders that change while a process serves them."""

import os
import shutil

import pytest
from django.conf import settings
from django.test import Client

from classifier.models import ModelVersion, Source
from classifier.recognition import model_folder
from classifier.recognition.recognizer import Recognizer
from classifier.registry import serving, versions
from classifier.registry.serving import ChampionCache, NoModel
from classifier.tests import factories
from classifier.tests.commands import run_python
from classifier.tests.pages import read_text
from classifier.tests.pictures import Draw
from classifier.uploads import submission

# A mapped file that changes would kill the process by a signal.
SERVE = """
import sys
from pathlib import Path
import numpy as np
from classifier.recognition.recognizer import Recognizer

folder = Path(sys.argv[1])
recognizer = Recognizer(folder)
image = np.full((28, 28), 255, np.uint8)
[before] = recognizer.recognize([image])
{change}
[after] = recognizer.recognize([image])
assert (before.probabilities == after.probabilities).all()
assert recognizer.exemplars is not None
print("serves")
"""
ONE_THREAD = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
CHANGES = {
    "truncated": "[file.open('r+b').truncate(0) for file in folder.iterdir()]",
    "zeros": "[file.open('r+b').write(bytes(file.stat().st_size)) for file in folder.iterdir()]",
    "deleted": "[file.unlink() for file in folder.iterdir()]",
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_loaded_model_survives_changes_to_its_files(change: str) -> None:
    folder = factories.copy_bundled_model("served")
    done = run_python("-c", SERVE.format(change=change), str(folder), environment=ONE_THREAD)
    assert (done.returncode, done.stdout) == (0, "serves\n"), done.stderr


@pytest.mark.slow
def test_loading_a_model_prints_nothing() -> None:
    done = run_python(
        "-c",
        SERVE.format(change=""),
        str(settings.BUNDLED_MODELS_DIR / "baseline"),
        environment=ONE_THREAD,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_folder_with_another_checksum_is_refused() -> None:
    folder = factories.copy_bundled_model("one")
    checksum = model_folder.hash_file(folder / model_folder.MANIFEST)
    assert Recognizer(folder, checksum).checksum == checksum
    with pytest.raises(model_folder.ArtifactError) as raised:
        Recognizer(folder, "0" * 64)
    assert str(raised.value) == (
        f"{folder} is not the model that was registered: its manifest has another checksum. "
        "Restore the folder, or promote another model."
    )


@pytest.mark.django_db
def test_replaced_folder_of_the_champion_does_not_serve() -> None:
    factories.copy_bundled_model("one")
    versions.promote_model("one")
    running = ChampionCache()
    running.get()
    shutil.rmtree(serving.find_model_folder("one"))
    factories.copy_bundled_model("one", thresholds=factories.build_thresholds(confidence=1.01))
    assert running.get().recognizer.manifest.thresholds["confidence"] <= 1
    with pytest.raises(NoModel, match="is not the model that was registered"):
        ChampionCache().get()


def test_file_without_a_checksum_is_refused() -> None:
    folder = factories.copy_bundled_model("one")
    manifest = folder / model_folder.MANIFEST
    manifest.write_text(manifest.read_text().replace(f'"{model_folder.GRAPH}"', '"other"'))
    with pytest.raises(model_folder.ArtifactError, match=r"has no checksum of model\.tflite"):
        Recognizer(folder)


@pytest.mark.django_db
def test_pages_work_without_damaged_exemplars(
    client: Client,
    champion: ModelVersion,
    draw_digit: Draw,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = factories.copy_bundled_model("damaged")
    damaged = versions.promote_model("damaged")
    (folder / model_folder.EXEMPLARS).write_bytes(b"")
    answer = submission.classify_picture(draw_digit(7), Source.WEB)
    for address in ("/how", f"/result/{answer.id}", "/how"):
        page = client.get(address)
        assert page.status_code == 200
        assert "/exemplar/" not in page.text
    assert client.get(f"/exemplar/{damaged.checksum[:16]}/0.png").status_code == 404
    assert "The current model: damaged" in read_text(client, "/how")
    assert sum("without its exemplars" in message for message in caplog.messages) == 1
