"""The selection of images to label."""

import numpy as np
import pytest

from classifier.recognition import active_learning
from classifier.recognition.active_learning import Embeddings

F = 16
NONE = np.empty((0, F), np.int8)


def place_at(*distances: float) -> Embeddings:
    """Return images at these distances from an image at 0."""
    encoded = [active_learning.encode_embedding(np.full(F, np.sqrt(place))) for place in distances]
    return active_learning.decode_embeddings(encoded, F)


def select(
    scores: list[float], images: Embeddings, labelled: Embeddings = NONE, count: int = 9
) -> tuple[list[int], list[int]]:
    selection = active_learning.select_batch(np.array(scores), images, labelled, count)
    return selection.order, selection.duplicates


def test_distance_is_the_mean_square_to_the_nearest() -> None:
    near, far = active_learning.measure_distances(place_at(1, 9), place_at(0, 4))

    assert near == pytest.approx(1)
    assert far == pytest.approx(1)
    assert np.isinf(active_learning.measure_distances(place_at(1), NONE)).all()


def test_embedding_is_clipped_to_a_byte() -> None:
    encoded = active_learning.encode_embedding(np.array([1e9, -1e9, 0.0]))

    assert np.frombuffer(encoded, np.int8).tolist() == [127, -128, 0]


def test_highest_score_comes_first_at_equal_novelty() -> None:
    assert select([0.1, 0.9, 0.5], place_at(0, 4, 16)) == ([1, 2, 0], [])


def test_most_novel_image_comes_first_at_equal_score() -> None:
    assert select([0.5, 0.5, 0.5], place_at(0.3, 4, 0.5), labelled=place_at(0)) == ([1, 2], [0])


def test_selected_image_lowers_the_rank_of_similar_ones() -> None:
    assert select([0.9, 0.8, 0.4], place_at(0, 0.3, 9), count=2)[0] == [0, 2]


def test_near_duplicates_are_left_out_and_returned() -> None:
    near = 0.9 * active_learning.NEAR_DUPLICATE

    assert select([0.9, 0.8, 0.7], place_at(0, near, 4)) == ([0, 2], [1])
    assert select([0.9, 0.8], place_at(near, 4), labelled=place_at(0)) == ([1], [0])


def test_images_of_score_zero_are_selected_if_no_others_are_left() -> None:
    assert select([0.0, 0.0], place_at(0, 4))[0] == [0, 1]


def test_selection_has_at_most_count_images() -> None:
    assert select([0.9, 0.8, 0.7], place_at(0, 4, 16), count=2) == ([0, 1], [])
    assert select([], NONE) == ([], [])
