"""Learning on from a model: what is corrected is learnt, what was known stays, damage is told."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from classifier.recognition import model_folder
from classifier.recognition.recognizer import NOT_A_DIGIT, Graph
from training.data import split
from training.data.images import Images, none

if TYPE_CHECKING:
    import keras

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]
BASELINE = settings.BUNDLED_MODELS_DIR / "baseline"


def outlined(digits: Images) -> Images:
    """As bubble letters are: only the edge of each stroke."""
    thick = [
        np.asarray(Image.fromarray(each).filter(ImageFilter.MaxFilter(3))) for each in digits.pixels
    ]
    return Images(np.stack(thick) - digits.pixels, digits.labels)


def struck_out(digits: Images) -> Images:
    pixels = digits.pixels.copy()
    pixels[:, 13:15, 2:26] = 255
    return none(pixels)


def outputs(member: "keras.Model", images: Images) -> NDArray[np.float32]:
    found = member.predict(images.pixels[..., np.newaxis] / np.float32(255), verbose=0)
    return np.asarray(found)


def read(member: "keras.Model", digits: Images) -> float:
    """The share whose best guess is right."""
    guesses = outputs(member, digits)[:, :NOT_A_DIGIT].argmax(axis=1)
    return float((guesses == digits.labels).mean())


def refused(member: "keras.Model", others: Images) -> float:
    return float((outputs(member, others)[:, NOT_A_DIGIT] > 0).mean())


@pytest.fixture(scope="module")
def given(digits: Digits) -> Images:
    return Images(digits[0][::2], digits[1][::2])


@pytest.mark.slow
def test_a_few_dozen_corrections_teach_their_kind_and_cost_nothing_known(
    given: Images, digits: Digits
) -> None:
    from training import export, trainer

    unseen = Images(digits[0][1::10], digits[1][1::10])
    [member, *_] = export.read(BASELINE)
    assert read(member, outlined(unseen)) < 0.6
    assert refused(member, struck_out(unseen)) < 0.3
    known = read(member, unseen)

    corrections = outlined(given[::50]) + struck_out(given[1::50])
    prepared = split.for_fine_tuning(given, corrections, seed=1)
    epochs: list[dict[str, Any]] = []
    configuration = trainer.Configuration(epochs=3, members=1, seed=1)
    [tuned] = trainer.fine_tune([member], prepared.train, configuration, epochs.append, False)

    assert [(each["member"], each["epoch"]) for each in epochs] == [(1, 1), (1, 2), (1, 3)]
    assert read(tuned, outlined(unseen)) >= 0.7
    assert refused(tuned, struck_out(unseen)) >= 0.5
    assert read(tuned, unseen) >= known - 0.004


def test_the_members_of_a_folder_are_those_that_it_serves(given: Images) -> None:
    from training import export

    images = given[::500]
    served = Graph((BASELINE / model_folder.GRAPH).read_bytes()).outputs(images.pixels)
    members = export.read(BASELINE)
    assert len(members) == served.logits.shape[1]
    for place, member in enumerate(members):
        found = outputs(member, images)[:, :NOT_A_DIGIT]
        assert np.allclose(found, served.logits[:, place], atol=0.01)


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "fewer"])
def test_a_folder_without_weights_of_this_network_says_what_to_do(
    damage: str, tmp_path: Path
) -> None:
    from training import export

    path = tmp_path / model_folder.WEIGHTS
    whole = dict(np.load(BASELINE / model_folder.WEIGHTS))
    if damage == "cut":
        path.write_bytes((BASELINE / model_folder.WEIGHTS).read_bytes()[:5_000])
    if damage == "other":
        np.savez(path, **(whole | {"1.00": np.zeros((3, 3, 1, 8), np.float16)}))
    if damage == "fewer":
        np.savez(path, **{name: each for name, each in whole.items() if name != "2.04"})
    with pytest.raises(export.NoWeights, match="train from scratch"):
        export.read(tmp_path)
