"""Certified thresholds and exact bounds, against known values and by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.intervals import find_upper_bound
from training import certification
from training.certification import DIGITS, STRINGS, Claim, ScoredAnswers
from training.evaluation.evaluate import compute_interval


def make_answers(
    right: NDArray[np.bool_], groups: NDArray[np.int64] | None = None
) -> ScoredAnswers:
    """Return answers with scores that fall evenly from 1 to 0."""
    groups = np.arange(len(right)) if groups is None else groups
    return ScoredAnswers(np.linspace(1, 0, len(right)), right, groups, "digest")


def mark_wrong(count: int, *indices: int) -> NDArray[np.bool_]:
    right = np.ones(count, bool)
    right[list(indices)] = False
    return right


@pytest.mark.parametrize(
    ("errors", "n", "bound"), [(0, 2_995, 0.001), (4, 4_885, 0.00187), (0, 1, 0.95), (1, 1, 1.0)]
)
def test_upper_bound_equals_known_value(errors: int, n: int, bound: float) -> None:
    assert find_upper_bound(errors, n) == pytest.approx(bound, abs=5e-6)


def test_interval_equals_known_value() -> None:
    """Clopper & Pearson's example: 3 of 10 gives 6.67 % to 65.25 %."""
    for hits, n, expected in (
        (3, 10, [0.0667, 0.6525]),
        (0, 21, [0, 0.1611]),
        (21, 21, [0.8389, 1]),
    ):
        assert compute_interval(np.arange(n) < hits) == pytest.approx(expected, abs=5e-5)
    assert compute_interval(np.zeros(0, bool)) is None


def test_min_answers_prove_a_claim_despite_the_allowed_errors() -> None:
    assert (DIGITS.min_answers, STRINGS.min_answers) == (2_995, 773)


@pytest.mark.parametrize(("count", "proved"), [(2_994, False), (2_995, True)])
def test_claim_of_digits_needs_2995_answers_without_an_error(count: int, proved: bool) -> None:
    certificate = certification.certify(DIGITS, make_answers(mark_wrong(count)))
    assert certificate.is_proved is proved
    assert (certificate.n, certificate.errors) == (count, 0)
    assert (certificate.upper_bound <= DIGITS.level) is proved


def test_four_errors_of_4885_prove_nothing_of_one_in_a_thousand() -> None:
    certificate = certification.certify(DIGITS, make_answers(mark_wrong(4_885, 10, 20, 30, 40)))
    assert certificate.threshold is None
    assert certificate.errors == 4
    assert certificate.upper_bound > DIGITS.level


def test_certification_stops_before_the_first_share_with_too_many_errors() -> None:
    """The surest 3,500 of 5,000 answers have no error; the next share, 3,750, has two."""
    certificate = certification.certify(DIGITS, make_answers(mark_wrong(5_000, 3_500, 3_600)))
    assert (certificate.n, certificate.errors) == (3_500, 0)
    certificate = certification.certify(DIGITS, make_answers(mark_wrong(5_000, 4_960, 4_970)))
    assert (certificate.n, certificate.errors) == (4_962, 1)
    assert certificate.threshold == pytest.approx(1 - 4_961 / 4_999)


def test_refused_answers_are_never_accepted() -> None:
    answers = make_answers(mark_wrong(400, *range(350, 400)))
    scores = np.where(answers.right, answers.scores, -np.inf)
    certificate = certification.certify(
        STRINGS, ScoredAnswers(scores, answers.right, answers.groups, "")
    )
    assert (certificate.n, certificate.errors) == (350, 0)


def test_equal_scores_are_accepted_together() -> None:
    right = mark_wrong(600, 599)
    certificate = certification.certify(
        STRINGS, ScoredAnswers(np.ones(600), right, np.arange(600), "")
    )
    assert (certificate.n, certificate.errors, certificate.threshold) == (600, 1, 1.0)


def test_writers_count_once_and_as_wrong_by_one_error() -> None:
    """300 writers of ten answers each prove 1 %; one error of each of four does not."""
    groups = np.repeat(np.arange(300), 10)
    certificate = certification.certify(STRINGS, make_answers(mark_wrong(3_000), groups))
    assert (certificate.n, certificate.threshold) == (300, 0.0)
    answers = make_answers(mark_wrong(3_000, 5, 6, 15, 25), groups)
    certificate = certification.certify(STRINGS, answers)
    assert (certificate.threshold, certificate.errors) == (None, 3)


def test_set_without_an_accepted_answer_proves_nothing() -> None:
    answers = ScoredAnswers(np.full(3, -np.inf), np.ones(3, bool), np.arange(3), "")
    certificate = certification.certify(STRINGS, answers)
    assert (certificate.threshold, certificate.n, certificate.upper_bound) == (None, 0, 1.0)


@pytest.mark.slow
def test_false_claim_is_certified_at_most_once_in_twenty() -> None:
    """Risk is 1 % among the surest 400 and 3 % below, so that no threshold keeps 0.9 %."""
    rng = np.random.default_rng(1)
    risk = np.where(np.arange(1_000) < 400, 0.01, 0.03)
    claim = Claim("digits", 0.009)
    proved = [
        certification.certify(claim, make_answers(rng.random(1_000) >= risk)).is_proved
        for _ in range(2_000)
    ]
    assert np.mean(proved) <= 0.05
