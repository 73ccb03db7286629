"""The choice of exemplars."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from classifier.recognition import active_learning
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.recognizer import Recognizer
from training import exemplars
from training.data.images import Images

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained_on(digits: Any) -> Images:
    """Return a hundred digits of each class, but five nines."""
    some = np.flatnonzero((np.arange(5_000) % 5 == 0) & (digits[1] < 9))
    nines = np.flatnonzero(digits[1] == 9)[:5]
    chosen = np.concatenate([some, nines])
    return Images(digits[0][chosen], digits[1][chosen])


@pytest.fixture(scope="module")
def chosen(baseline: Recognizer, trained_on: Images) -> Iterator[Exemplars]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exemplars, "PER_CLASS", 20)
        yield exemplars.choose_exemplars(baseline, trained_on)


def test_classes_have_equal_counts_and_small_ones_all_digits(
    chosen: Exemplars, trained_on: Images
) -> None:
    assert np.bincount(chosen.labels).tolist() == [20] * 9 + [5]
    labels = dict(
        zip((each.tobytes() for each in trained_on.pixels), trained_on.labels, strict=True)
    )
    pixels = [each.tobytes() for each in chosen.pixels]
    assert [labels[each] for each in pixels] == chosen.labels.tolist()
    assert len(set(pixels)) == len(pixels)


def test_exemplars_are_nearer_to_all_digits_than_the_first_ones(
    baseline: Recognizer, chosen: Exemplars, trained_on: Images
) -> None:
    recognitions = baseline.recognize(trained_on.pixels)
    every = active_learning.decode_embeddings(
        [active_learning.encode_embedding(each.features) for each in recognitions], 128
    )
    firsts = np.concatenate(
        [np.flatnonzero(trained_on.labels == digit)[:20] for digit in range(10)]
    )
    to_chosen = active_learning.measure_distances(every, chosen.embeddings).mean()
    assert to_chosen < 0.9 * active_learning.measure_distances(every, every[firsts]).mean()


def test_choice_is_the_same_each_time(
    baseline: Recognizer, chosen: Exemplars, trained_on: Images
) -> None:
    again = exemplars.choose_exemplars(baseline, trained_on)
    assert np.array_equal(again.pixels, chosen.pixels)
