"""CTC output is searched for texts, and texts are aligned to its steps."""

import itertools
import math

import numpy as np
import pytest

from classifier.recognition.lines import ctc
from classifier.recognition.lines.ctc import BLANK
from classifier.recognition.uncertainty import Floats


def make_steps(path: list[int], sure: float = 0.99) -> Floats:
    rest = (1 - sure) / BLANK
    steps = np.full((len(path), BLANK + 1), rest)
    steps[np.arange(len(path)), path] = sure
    logs: Floats = np.log(steps)
    return logs


def collapse(path: tuple[int, ...]) -> str:
    return "".join(str(label) for label, _ in itertools.groupby(path) if label != BLANK)


def test_sure_steps_are_read_without_repeats() -> None:
    path = [BLANK, 1, 1, BLANK, 1, 7, BLANK]
    assert ctc.search(make_steps(path))[0][0] == "117"


def test_blank_steps_give_empty_text() -> None:
    text, log_probability = ctc.search(make_steps([BLANK] * 5))[0]
    assert text == ""
    assert log_probability > math.log(0.9)


def test_wide_beam_sums_all_paths() -> None:
    rng = np.random.default_rng(1)
    steps = np.full((4, BLANK + 1), -np.inf)
    steps[:, [3, 5, BLANK]] = ctc.log_softmax(rng.normal(0, 1, (4, 3)))
    expected: dict[str, float] = {}
    for path in itertools.product((3, 5, BLANK), repeat=4):
        text = collapse(path)
        total = math.exp(sum(steps[step, label] for step, label in enumerate(path)))
        expected[text] = expected.get(text, 0) + total
    results = ctc.search(steps, beam=100)
    assert len(results) == len(expected)
    for text, log_probability in results:
        assert math.exp(log_probability) == pytest.approx(expected[text])


def test_repeated_digits_align_to_their_own_runs() -> None:
    path = [BLANK, 4, 4, BLANK, BLANK, 4, 2, BLANK]
    places = ctc.align(make_steps(path), "442")
    assert places[0] in (1, 2)
    assert places[1:] == [5, 6]


def test_empty_text_aligns_to_no_step() -> None:
    assert ctc.align(make_steps([BLANK, BLANK]), "") == []


def test_text_longer_than_the_steps_is_rejected() -> None:
    with pytest.raises(ValueError, match="too few"):
        ctc.align(make_steps([4, 4]), "44")
