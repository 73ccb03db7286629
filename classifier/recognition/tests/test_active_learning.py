"""Which images are most useful to label: the doubtful ones that are like nothing known."""

import numpy as np
import pytest

from classifier.recognition import active_learning
from classifier.recognition.active_learning import Embeddings

F = 16
NONE = np.empty((0, F), np.int8)


def at(*places: float) -> Embeddings:
    """Images whose distance to one at 0 is their place, as `usefulness.distance` has it."""
    stored = [active_learning.embedding(np.full(F, np.sqrt(place))) for place in places]
    return active_learning.embeddings(stored, F)


def chosen(
    doubt: list[float], images: Embeddings, known: Embeddings = NONE, count: int = 9
) -> tuple[list[int], list[int]]:
    found = active_learning.most_useful(np.array(doubt), images, known, count)
    return found.order, found.duplicates


def test_distance_is_the_mean_square_to_the_nearest_in_deviations() -> None:
    near, far = active_learning.distance(at(1, 9), at(0, 4))

    assert near == pytest.approx(1)
    assert far == pytest.approx(1)
    assert np.isinf(active_learning.distance(at(1), NONE)).all()


def test_what_lies_out_of_range_is_kept_at_its_edge() -> None:
    stored = active_learning.embedding(np.array([1e9, -1e9, 0.0]))

    assert np.frombuffer(stored, np.int8).tolist() == [127, -128, 0]


def test_of_what_is_equally_new_the_most_doubtful_comes_first() -> None:
    assert chosen([0.1, 0.9, 0.5], at(0, 4, 16)) == ([1, 2, 0], [])


def test_of_what_is_equally_doubtful_what_is_least_like_the_known_comes_first() -> None:
    assert chosen([0.5, 0.5, 0.5], at(0.3, 4, 0.5), known=at(0)) == ([1, 2], [0])


def test_what_was_chosen_makes_its_like_less_useful() -> None:
    assert chosen([0.9, 0.8, 0.4], at(0, 0.3, 9), count=2)[0] == [0, 2]


def test_near_duplicates_of_what_is_chosen_or_known_are_told_and_left_out() -> None:
    again = 0.9 * active_learning.NEAR_DUPLICATE

    assert chosen([0.9, 0.8, 0.7], at(0, again, 4)) == ([0, 2], [1])
    assert chosen([0.9, 0.8], at(again, 4), known=at(0)) == ([1], [0])


def test_what_is_sure_is_chosen_too_where_nothing_else_is_left() -> None:
    assert chosen([0.0, 0.0], at(0, 4))[0] == [0, 1]


def test_no_more_are_chosen_than_asked_for_and_none_of_none() -> None:
    assert chosen([0.9, 0.8, 0.7], at(0, 4, 16), count=2) == ([0, 1], [])
    assert chosen([], NONE) == ([], [])
