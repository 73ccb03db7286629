"""Fine-tuning of a model, and reading of its weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from classifier.errors import RuleBroken
from classifier.recognition import model_folder
from classifier.recognition.recognizer import NOT_A_DIGIT, Graph
from classifier.tests.pictures import Digits
from training.data import split
from training.data.images import Images

if TYPE_CHECKING:
    import keras

pytestmark = pytest.mark.slow

BASELINE = settings.BUNDLED_MODELS_DIR / "baseline"


def outline(digits: Images) -> Images:
    """Leave only the edge of each stroke, as in bubble letters."""
    thick = [
        np.asarray(Image.fromarray(each).filter(ImageFilter.MaxFilter(3))) for each in digits.pixels
    ]
    return Images(np.stack(thick) - digits.pixels, digits.labels)


def cut_into_stripes(digits: Images) -> Images:
    pixels = digits.pixels.copy()
    pixels[:, ::3] = 0
    return Images.from_non_digits(pixels)


def predict(member: "keras.Model", images: Images) -> NDArray[np.float32]:
    outputs = member.predict(images.pixels[..., np.newaxis] / np.float32(255), verbose=0)
    return np.asarray(outputs)


def measure_accuracy(member: "keras.Model", digits: Images) -> float:
    guesses = predict(member, digits)[:, :NOT_A_DIGIT].argmax(axis=1)
    return float((guesses == digits.labels).mean())


def measure_rejection(member: "keras.Model", non_digits: Images) -> float:
    return float((predict(member, non_digits)[:, NOT_A_DIGIT] > 0).mean())


@pytest.fixture(scope="module")
def images(digits: Digits) -> Images:
    return Images(digits[0][::4], digits[1][::4])


def test_few_dozen_uploads_teach_their_kind_and_cost_no_accuracy(
    images: Images, digits: Digits
) -> None:
    from training import export, trainer

    unseen = Images(digits[0][1::10], digits[1][1::10])
    [member, *_] = export.read_members(BASELINE)
    assert measure_accuracy(member, outline(unseen)) < 0.65
    assert measure_rejection(member, cut_into_stripes(unseen)) < 0.2
    accuracy = measure_accuracy(member, unseen)

    uploads = outline(images[::25]) + cut_into_stripes(images[1::25])
    prepared = split.prepare_fine_tuning(images, uploads, seed=1)
    epochs: list[trainer.EpochMetrics] = []
    configuration = trainer.Configuration(epochs=3, members=1, seed=1)
    [tuned] = trainer.fine_tune([member], prepared.train, configuration, epochs.append, False)

    assert [(each.member, each.epoch) for each in epochs] == [(1, 1), (1, 2), (1, 3)]
    assert measure_accuracy(tuned, outline(unseen)) >= 0.7
    assert measure_rejection(tuned, cut_into_stripes(unseen)) >= 0.4
    assert measure_accuracy(tuned, unseen) >= accuracy - 0.004


def test_weights_give_the_same_outputs_as_the_graph(images: Images) -> None:
    from training import export

    some = images[::250]
    served = Graph((BASELINE / model_folder.GRAPH).read_bytes()).run(some.pixels)
    members = export.read_members(BASELINE)
    assert len(members) == served.logits.shape[1]
    for index, member in enumerate(members):
        logits = predict(member, some)[:, :NOT_A_DIGIT]
        assert np.allclose(logits, served.logits[:, index], atol=0.02)


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "fewer"])
def test_folder_without_fitting_weights_is_refused_with_a_hint(damage: str, tmp_path: Path) -> None:
    from training import export

    path = tmp_path / model_folder.WEIGHTS
    whole = dict(np.load(BASELINE / model_folder.WEIGHTS))
    if damage == "cut":
        path.write_bytes((BASELINE / model_folder.WEIGHTS).read_bytes()[:5_000])
    if damage == "other":
        np.savez(path, **(whole | {"1.00": np.zeros((3, 3, 1, 8), np.float16)}))
    if damage == "fewer":
        np.savez(path, **{name: each for name, each in whole.items() if name != "2.04"})
    with pytest.raises(RuleBroken, match="train from scratch"):
        export.read_members(tmp_path)
