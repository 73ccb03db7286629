"""The training digits that stand for all of them: they are spread over what was learnt."""

from typing import Any

import numpy as np
import pytest

from classifier.recognition import active_learning
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.recognizer import Recognizer
from training import exemplars
from training.data.images import Images


@pytest.fixture
def learnt(digits: Any) -> Images:
    """A hundred of each class but of 9, of which there are five."""
    some = np.flatnonzero((np.arange(5_000) % 5 == 0) & (digits[1] < 9))
    nines = np.flatnonzero(digits[1] == 9)[:5]
    chosen = np.concatenate([some, nines])
    return Images(digits[0][chosen], digits[1][chosen])


@pytest.fixture
def chosen(baseline: Recognizer, learnt: Images, monkeypatch: pytest.MonkeyPatch) -> Exemplars:
    monkeypatch.setattr(exemplars, "OF_EACH", 20)
    return exemplars.choose(baseline, learnt)


def test_of_each_class_there_are_as_many_and_of_a_small_one_all(
    chosen: Exemplars, learnt: Images
) -> None:
    assert np.bincount(chosen.labels).tolist() == [20] * 9 + [5]
    known = dict(zip((each.tobytes() for each in learnt.pixels), learnt.labels, strict=True))
    kept = [each.tobytes() for each in chosen.pixels]
    assert [known[each] for each in kept] == chosen.labels.tolist()
    assert len(set(kept)) == len(kept)


def test_they_lie_nearer_to_the_rest_than_the_first_ones_do(
    baseline: Recognizer, chosen: Exemplars, learnt: Images
) -> None:
    found = baseline.recognize(learnt.pixels)
    every = active_learning.embeddings(
        [active_learning.embedding(each.whitened) for each in found], 128
    )
    firsts = np.concatenate([np.flatnonzero(learnt.labels == digit)[:20] for digit in range(10)])
    to_chosen = active_learning.distance(every, chosen.embeddings).mean()
    assert to_chosen < 0.9 * active_learning.distance(every, every[firsts]).mean()


def test_they_are_the_same_each_time(
    baseline: Recognizer, chosen: Exemplars, learnt: Images
) -> None:
    again = exemplars.choose(baseline, learnt)
    assert np.array_equal(again.pixels, chosen.pixels)
