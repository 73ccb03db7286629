"""Whether a candidate may replace the champion: both ones' answers in, a verdict out."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIGNIFICANCE = 0.05
TITLES = {"test": "the test split", "held_out_uploads": "the held-out uploads"}

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """Of the same N images: their ids, and which of them each model answers right."""

    ids: list[str]
    champion_right: Flags
    candidate_right: Flags


@dataclass(frozen=True)
class Difference:
    """On one set: counts, the ids that only the candidate gets right (`better`) or only the
    champion (`worse`), and how likely an equal candidate is to look this bad (`p`)."""

    images: int
    champion_right: int
    candidate_right: int
    better: list[str]
    worse: list[str]
    p: float


@dataclass(frozen=True)
class Comparison:
    """`reason` is a sentence for a person; `dataclasses.asdict` makes plain JSON of it all."""

    passed: bool
    reason: str
    sets: dict[str, Difference]


def compare(sets: dict[str, Pair]) -> Comparison:
    """Rejected is what is worse on any set by an exact one-sided McNemar test at 5 %, and what
    there are no images to compare on.

    Only images that the two answer differently count, which fits the margin to the case. Of
    10,000 test images a fine-tuned model, which differs on a dozen, may lose a net six; one
    trained from scratch, which differs on 40 by the luck of its seed, may lose ten. On a small
    set five that got worse and none better are too many. Of candidates as good as the champion,
    each set rejects one in 20 at most.
    """
    found = {name: difference(pair) for name, pair in sets.items() if pair.ids}
    worse = {name: each for name, each in found.items() if each.p < SIGNIFICANCE}
    if not found:
        return Comparison(False, "There are no images to compare on.", found)
    reason = "; ".join(_describe(name, each) for name, each in (worse or found).items())
    return Comparison(not worse, f"{reason[0].upper()}{reason[1:]}.", found)


def difference(pair: Pair) -> Difference:
    better = _chosen(pair.ids, pair.candidate_right & ~pair.champion_right)
    worse = _chosen(pair.ids, pair.champion_right & ~pair.candidate_right)
    return Difference(
        images=len(pair.ids),
        champion_right=int(pair.champion_right.sum()),
        candidate_right=int(pair.candidate_right.sum()),
        better=better,
        worse=worse,
        p=mcnemar(len(better), len(worse)),
    )


def _chosen(ids: list[str], flags: Flags) -> list[str]:
    return [id_ for id_, flag in zip(ids, flags, strict=True) if flag]


def mcnemar(better: int, worse: int) -> float:
    """The chance of at least so many worse among these discordant pairs, were each as likely to
    be better (McNemar 1947, with the exact binomial distribution)."""
    pairs = better + worse
    return float(sum(math.comb(pairs, count) for count in range(worse, pairs + 1)) / 2**pairs)


def _describe(name: str, found: Difference) -> str:
    return (
        f"on {TITLES[name]} {_images(len(found.worse))} got worse and "
        f"{len(found.better) or 'none'} better (p = {found.p:.2g})"
    )


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count or 'no'} images"
