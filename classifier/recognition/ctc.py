"""Decoding of connectionist temporal classification (CTC; Graves et al. 2006)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 10  # the class that is no digit, after the ten
BEAM = 8
NEGLIGIBLE = math.log(1e-4)  # digits less likely at a step start no new text

SURE = math.log(0.999)  # blanks likelier than this are all alike
HOPELESS = 15.0  # texts that are so much less likely in log than the best are dropped

Floats = NDArray[np.float64]


@dataclass
class _Prefix:
    """Log probabilities of a text so far: of paths that end in a blank, and in its last digit."""

    blank: float = -math.inf
    digit: float = -math.inf

    @property
    def total(self) -> float:
        return _add(self.blank, self.digit)


def _add(first: float, second: float) -> float:
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
    """(T, 11) log probabilities → the likeliest texts with their log probabilities, best first.

    Prefix beam search (Hannun et al. 2014); the empty text may be one of them.
    """
    kept = find_informative(steps)
    dropped = float(steps[~kept, BLANK].sum())
    prefixes: dict[str, _Prefix] = {"": _Prefix(blank=dropped)}
    for step in steps[kept]:
        prefixes = _advance(prefixes, step.tolist(), beam)
    ranked = sorted(prefixes.items(), key=lambda item: -item[1].total)
    return [(text, prefix.total) for text, prefix in ranked if prefix.total > -math.inf]


def find_informative(steps: Floats) -> NDArray[np.bool_]:
    """(T,) whether a step is more than another of a run of sure blanks, as most of a line is."""
    sure = steps[:, BLANK] > SURE
    informative: NDArray[np.bool_] = ~(sure & np.concatenate([[False], sure[:-1]]))
    return informative


def _advance(prefixes: dict[str, _Prefix], step: list[float], beam: int) -> dict[str, _Prefix]:
    """The prefixes after one more step, no more than `beam` of them."""
    likely = [(str(digit), step[digit]) for digit in range(BLANK) if step[digit] > NEGLIGIBLE]
    grown: dict[str, _Prefix] = {}
    for text, prefix in prefixes.items():
        total, last = prefix.total, text[-1:]
        same = grown.setdefault(text, _Prefix())
        same.blank = _add(same.blank, total + step[BLANK])
        if last:
            same.digit = _add(same.digit, prefix.digit + step[int(last)])
        for digit, likelihood in likely:
            longer = grown.setdefault(text + digit, _Prefix())
            before = prefix.blank if digit == last else total
            longer.digit = _add(longer.digit, before + likelihood)
    best = sorted(((prefix.total, text) for text, prefix in grown.items()), reverse=True)[:beam]
    return {text: grown[text] for total, text in best if total >= best[0][0] - HOPELESS}


def align(steps: Floats, text: str) -> list[int]:
    """The step of each digit of the text on its likeliest path (Viterbi), the surest of its run.

    Raises ValueError where the text needs more steps than there are.
    """
    kept = np.flatnonzero(find_informative(steps))
    states = [BLANK]
    for digit in text:
        states += [int(digit), BLANK]
    path = _best_path(steps[kept][:, states], states)
    places = []
    for state in range(1, len(states), 2):
        run = np.flatnonzero(path == state)
        if not len(run):
            raise ValueError(f"{len(steps)} steps are too few for {text!r}")
        places.append(int(kept[run[steps[kept[run], states[state]].argmax()]]))
    return places


def _best_path(emitted: Floats, states: list[int]) -> NDArray[np.intp]:
    """(T, S) log probabilities of the states that a text goes through → (T,) state of each step."""
    count = len(states)
    skips = np.array(
        [s > 1 and states[s] != BLANK and states[s] != states[s - 2] for s in range(count)]
    )
    score = np.full(count, -np.inf)
    score[:2] = emitted[0, :2]
    came = np.zeros((len(emitted), count), np.intp)
    for step in range(1, len(emitted)):
        options = np.stack([score, _shift(score, 1), np.where(skips, _shift(score, 2), -np.inf)])
        came[step] = options.argmax(axis=0)
        score = options.max(axis=0) + emitted[step]
    path = np.zeros(len(emitted), np.intp)
    path[-1] = count - 1 if count == 1 or score[-1] >= score[-2] else count - 2
    for step in range(len(emitted) - 1, 0, -1):
        path[step - 1] = path[step] - came[step, path[step]]
    return path


def _shift(score: Floats, by: int) -> Floats:
    return np.concatenate([np.full(by, -np.inf), score[:-by]])[: len(score)]
