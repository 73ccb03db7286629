"""Certifies thresholds by Learn-then-Test (Angelopoulos et al. 2021)."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from classifier.recognition.certificate import Certificate
from classifier.recognition.intervals import CONFIDENCE, find_upper_bound

# Shares of the answers, the most certain first, that the tested thresholds accept.
SHARES = (*np.linspace(0.1, 0.9, 17).tolist(), *np.linspace(0.95, 1, 21).tolist())

MAX_ANSWERS = 20_000  # among which `min_answers` is searched


@dataclass(frozen=True)
class Claim:
    """A claim that at most the share `level` of answers of the kind `name` is wrong.

    The first threshold that is tested accepts enough answers to prove the claim despite
    `allowed_errors` of them being wrong.
    """

    name: str
    level: float
    allowed_errors: int = 0

    @property
    def min_answers(self) -> int:
        """The fewest answers that prove the claim if `allowed_errors` of them are wrong."""
        n = np.arange(1, MAX_ANSWERS)
        proved = bdtr(self.allowed_errors, n, self.level) <= 1 - CONFIDENCE
        return int(n[proved.argmax()])


DIGITS = Claim("digits", 0.001)
# Some composed digits look like others, so a few of the most certain may be wrong.
STRINGS = Claim("strings", 0.01, allowed_errors=3)


@dataclass(frozen=True)
class ScoredAnswers:
    """N answers to calibration pictures, in any order.

    `scores` (N,) are higher for more certain answers, and -inf for those that are never accepted;
    `right` (N,) is whether each is right; `groups` (N,) names its writer, or the picture if the
    writer is unknown; `digest` is the sha256 of the pictures and their labels.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    groups: NDArray[np.int64] | NDArray[np.str_]
    digest: str


@dataclass(frozen=True)
class _Steps:
    """Thresholds, the strictest first, with how many answers and groups each accepts.

    `n` counts the groups, and `errors` the wrong ones among them.
    """

    thresholds: NDArray[np.float64]
    answers: NDArray[np.int64]
    n: NDArray[np.int64]
    errors: NDArray[np.int64]

    def __getitem__(self, indices: NDArray[np.int64]) -> "_Steps":
        return _Steps(*(getattr(self, field.name)[indices] for field in fields(self)))


def certify(claim: Claim, answers: ScoredAnswers) -> Certificate:
    """Return the loosest threshold that fixed-sequence testing proves, with its bound.

    The tests start at the strictest threshold that could prove the claim, and end at the first that
    does not. Their sequence depends on the scores only. Given these, errors are independent and the
    binomial test of their mean is conservative (Hoeffding 1956), so a false claim is certified with
    a probability of at most 5 %. A group counts once, and as wrong if any of its accepted answers
    is, which bounds the mean over writers from above.
    """
    steps = _select_steps(_list_steps(answers), claim.min_answers)
    failed = bdtr(steps.errors, steps.n, claim.level) > 1 - CONFIDENCE
    passed = int(failed.argmax()) if failed.any() else len(failed)
    return _make_certificate(claim, steps, passed, answers.digest)


def _list_steps(answers: ScoredAnswers) -> _Steps:
    """Return each distinct score as a threshold."""
    finite = np.isfinite(answers.scores)
    order = np.argsort(-answers.scores[finite], kind="stable")
    scores, groups = answers.scores[finite][order], answers.groups[finite][order]
    wrong = ~answers.right[finite][order]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)[: len(scores)])
    new, new_wrong = _flag_first(groups), np.zeros(len(groups), bool)
    new_wrong[wrong] = _flag_first(groups[wrong])
    return _Steps(scores, np.arange(1, len(scores) + 1), new.cumsum(), new_wrong.cumsum())[last]


def _flag_first(groups: NDArray[np.int64] | NDArray[np.str_]) -> NDArray[np.bool_]:
    first = np.zeros(len(groups), bool)
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def _select_steps(steps: _Steps, min_answers: int) -> _Steps:
    """Return the first step with `min_answers` groups, and those of SHARES beyond it."""
    if not len(steps.n):
        return steps
    start = min(int(np.searchsorted(steps.n, min_answers)), len(steps.n) - 1)
    sizes = [int(share * steps.answers[-1]) for share in SHARES]
    indices = np.searchsorted(steps.answers, sizes)
    return steps[np.unique(np.append(indices[indices > start], start))]


def _make_certificate(claim: Claim, steps: _Steps, passed: int, digest: str) -> Certificate:
    index = max(passed - 1, 0)
    n, errors = (int(steps.n[index]), int(steps.errors[index])) if len(steps.n) else (0, 0)
    return Certificate(
        claim=claim.name,
        confidence=CONFIDENCE,
        level=claim.level,
        threshold=float(steps.thresholds[index]) if passed else None,
        n=n,
        errors=errors,
        upper_bound=find_upper_bound(errors, n) if n else 1.0,
        set_digest=digest,
    )
