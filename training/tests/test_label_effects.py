"""Tests of the description of what new labels taught a model."""

import json
from dataclasses import asdict

import numpy as np

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.data.images import EvaluationSet, GroupedImages, Images
from training.evaluation import gate, label_effects
from training.evaluation.gate import PairedAnswers
from training.evaluation.results import EvaluationResults
from training.tests.pictures import make_pictures


def build_images(truth: list[int]) -> Images:
    return Images(np.zeros((len(truth), 28, 28), np.uint8), np.array(truth, np.uint8))


def test_answers_say_whether_they_are_certain() -> None:
    answers = make_pictures(
        [4, 4, NOT_A_DIGIT, NOT_A_DIGIT], [4, 9, 1, 1], accepted=[True, False] * 2
    )

    assert answers.texts == ["4", "9?", "1", "not_a_digit"]


def test_groups_are_counted_by_label_with_changed_ones_first() -> None:
    truth = [4, 4, 4, NOT_A_DIGIT]
    new = GroupedImages(["a", "b", "c", "d"], build_images(truth), ["A", "B", "B", "D"])
    champion = make_pictures(truth, [4, 9, 4, 1], accepted=[True, False, True, True])
    candidate = make_pictures(truth, [4, 4, 4, 1], accepted=[True, True, True, False])

    four, other = label_effects.list_learned_labels(new, champion, candidate)

    assert (four.label, four.images, four.champion_right, four.candidate_right) == ("4", 3, 2, 3)
    groups = [(group.image, group.images, group.champion, group.candidate) for group in four.groups]
    assert groups == [("b", 2, "9?", "4"), ("a", 1, "4", "4")]
    assert (other.label, other.champion_right, other.candidate_right) == ("not_a_digit", 0, 1)
    assert other.groups[0].candidate == "not_a_digit"


def test_effects_hold_answers_to_changed_images_and_the_champions_metrics() -> None:
    truth = [1, 2, 3]
    champion = make_pictures(truth, [7, 2, 3])
    candidate = make_pictures(truth, [1, 2, 8], accepted=[True, True, False])
    nothing = make_pictures([], [])
    results = EvaluationResults(
        sets={"test": EvaluationSet(["a", "b", "c"], build_images(truth))},
        answers={"test": candidate},
        calibration=nothing,
        new=nothing,
    )
    pair = PairedAnswers(["a", "b", "c"], champion.correct, candidate.correct)
    comparison = gate.compare("baseline", {"test": pair})

    effects = label_effects.describe_effects(
        comparison,
        results,
        {"test": champion},
        GroupedImages([], build_images([]), []),
        (nothing, nothing),
    )

    stored = json.loads(json.dumps(asdict(effects)))
    assert stored["answers"] == {"a": ["7", "1"], "c": ["3", "8?"]}
    assert stored["labels"] == []
    assert stored["champion_metrics"]["test"]["accuracy"] == 2 / 3
    assert stored["champion_metrics"]["test"]["accuracy_interval"][0] < 2 / 3
