"""Decoding of connectionist temporal classification (CTC; Graves et al. 2006)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.uncertainty import Floats

BLANK = 10  # the class after the ten digits
BEAM = 8
NEGLIGIBLE = math.log(1e-4)  # less likely digits at a step extend no text

SURE = math.log(0.999)  # of consecutive blanks more likely than this, one is enough
HOPELESS = 15.0  # in log probability below the best text, where others are dropped


@dataclass
class _Prefix:
    """Log probabilities of the paths of a text that end in a blank, and in its last digit."""

    blank: float = -math.inf
    digit: float = -math.inf

    @property
    def total(self) -> float:
        return _add_logs(self.blank, self.digit)


def _add_logs(first: float, second: float) -> float:
    """log(exp(first) + exp(second))"""
    if first == -math.inf:
        return second
    low, high = (first, second) if first < second else (second, first)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def log_softmax(logits: NDArray[np.floating]) -> Floats:
    """Return log probabilities over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def search(steps: Floats, beam: int = BEAM) -> list[tuple[str, float]]:
    """Return the most likely texts with their log probabilities, best first.

    `steps` are log probabilities (T, 11). The empty text may be among the results. This is the
    prefix beam search of Hannun et al. (2014).
    """
    informative = find_informative(steps)
    skipped = float(steps[~informative, BLANK].sum())
    prefixes: dict[str, _Prefix] = {"": _Prefix(blank=skipped)}
    for step in steps[informative]:
        prefixes = _advance(prefixes, step.tolist(), beam)
    ranked = sorted(prefixes.items(), key=lambda item: -item[1].total)
    return [(text, prefix.total) for text, prefix in ranked if prefix.total > -math.inf]


def find_informative(steps: Floats) -> NDArray[np.bool_]:
    """Return (T,) whether a step is not the repetition of a sure blank, as most of a line is."""
    sure = steps[:, BLANK] > SURE
    informative: NDArray[np.bool_] = ~(sure & np.concatenate([[False], sure[:-1]]))
    return informative


def _advance(prefixes: dict[str, _Prefix], step: list[float], beam: int) -> dict[str, _Prefix]:
    """Return the `beam` most likely prefixes after one more step."""
    likely = [(str(digit), step[digit]) for digit in range(BLANK) if step[digit] > NEGLIGIBLE]
    grown: dict[str, _Prefix] = {}
    for text, prefix in prefixes.items():
        total, last = prefix.total, text[-1:]
        same = grown.setdefault(text, _Prefix())
        same.blank = _add_logs(same.blank, total + step[BLANK])
        if last:
            same.digit = _add_logs(same.digit, prefix.digit + step[int(last)])
        for digit, likelihood in likely:
            longer = grown.setdefault(text + digit, _Prefix())
            before = prefix.blank if digit == last else total
            longer.digit = _add_logs(longer.digit, before + likelihood)
    best = sorted(((prefix.total, text) for text, prefix in grown.items()), reverse=True)[:beam]
    return {text: grown[text] for total, text in best if total >= best[0][0] - HOPELESS}


def align(steps: Floats, text: str) -> list[int]:
    """Return the most certain step of each digit on the text's most likely path (Viterbi).

    Raise ValueError if the text needs more steps than there are.
    """
    informative = np.flatnonzero(find_informative(steps))
    states = [BLANK]
    for digit in text:
        states += [int(digit), BLANK]
    path = _find_best_path(steps[informative][:, states], states)
    places = []
    for state in range(1, len(states), 2):
        run = np.flatnonzero(path == state)
        if not len(run):
            raise ValueError(f"{len(steps)} steps are too few for {text!r}")
        likelihoods = steps[informative[run], states[state]]
        places.append(int(informative[run[likelihoods.argmax()]]))
    return places


def _find_best_path(emitted: Floats, states: list[int]) -> NDArray[np.intp]:
    """Return the state of each step (T,), from log probabilities of the text's states (T, S)."""
    count = len(states)
    skips = np.array(
        [s > 1 and states[s] != BLANK and states[s] != states[s - 2] for s in range(count)]
    )
    score = np.full(count, -np.inf)
    score[:2] = emitted[0, :2]
    moves = np.zeros((len(emitted), count), np.intp)
    for step in range(1, len(emitted)):
        options = np.stack([score, _shift(score, 1), np.where(skips, _shift(score, 2), -np.inf)])
        moves[step] = options.argmax(axis=0)
        score = options.max(axis=0) + emitted[step]
    path = np.zeros(len(emitted), np.intp)
    path[-1] = count - 1 if count == 1 or score[-1] >= score[-2] else count - 2
    for step in range(len(emitted) - 1, 0, -1):
        path[step - 1] = path[step] - moves[step, path[step]]
    return path


def _shift(score: Floats, by: int) -> Floats:
    return np.concatenate([np.full(by, -np.inf), score[:-by]])[: len(score)]
