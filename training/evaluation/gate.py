"""Decides whether a candidate may replace the champion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

SIGNIFICANCE = 0.05
TITLES = {"test": "the test split", "held_out_uploads": "the held-out uploads"}

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PairedAnswers:
    """The ids of N images, and which of them each model answers right."""

    ids: list[str]
    champion_right: Flags
    candidate_right: Flags


@dataclass(frozen=True)
class Difference:
    """The difference on one set of images.

    `better` are the ids that only the candidate answers right, `worse` those that only the champion
    does; `p` is the probability that a candidate as good as the champion looks this bad (McNemar
    1947, with the exact binomial distribution).
    """

    images: int
    champion_right: int
    candidate_right: int
    better: list[str]
    worse: list[str]
    p: float


@dataclass(frozen=True)
class Comparison:
    """The verdict on a candidate, with a sentence on the reason. `asdict` returns the JSON form.

    `against` is the champion's name.
    """

    against: str
    passed: bool
    reason: str
    sets: dict[str, Difference]


def compare(champion: str, sets: dict[str, PairedAnswers]) -> Comparison:
    """Reject a candidate that is worse on any set by a one-sided exact McNemar test at 5 %.

    The test counts only images that the two models answer differently, so the margin depends on how
    many these are. Of 10,000 test images, a fine-tuned model that differs on a dozen may lose a
    net six; one trained from scratch, which differs on 40 by the luck of its seed, may lose ten.
    On a small set, five worse and none better are too many. Each set rejects at most one in 20
    candidates that are as good as the champion. Without images, the candidate is rejected.
    """
    differences = {name: measure_difference(pair) for name, pair in sets.items() if pair.ids}
    if not differences:
        return Comparison(champion, False, "There are no images to compare on.", {})
    worse = {name: each for name, each in differences.items() if each.p < SIGNIFICANCE}
    reason = "; ".join(_describe(name, each) for name, each in (worse or differences).items())
    return Comparison(champion, not worse, f"{reason[0].upper()}{reason[1:]}.", differences)


def measure_difference(pair: PairedAnswers) -> Difference:
    better = _select(pair.ids, pair.candidate_right & ~pair.champion_right)
    worse = _select(pair.ids, pair.champion_right & ~pair.candidate_right)
    return Difference(
        images=len(pair.ids),
        champion_right=int(pair.champion_right.sum()),
        candidate_right=int(pair.candidate_right.sum()),
        better=better,
        worse=worse,
        p=float(bdtrc(len(worse) - 1, len(better) + len(worse), 0.5)),
    )


def _select(ids: list[str], flags: Flags) -> list[str]:
    return [id_ for id_, flag in zip(ids, flags, strict=True) if flag]


def _describe(name: str, difference: Difference) -> str:
    count = len(difference.worse)
    images = "1 image" if count == 1 else f"{count or 'no'} images"
    return (
        f"on {TITLES[name]} {images} got worse and "
        f"{len(difference.better) or 'none'} better (p = {difference.p:.2g})"
    )
