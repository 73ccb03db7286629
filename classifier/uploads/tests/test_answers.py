"""The answer to a whole picture and the sentence that explains it."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.recognition.labels import DIGITS, Label, Reason, Verdict
from classifier.recognition.reading import Layout, ReadDigit
from classifier.recognition.recognizer import Recognition
from classifier.uploads import answers, verdict_text
from classifier.uploads.answers import Answer, DigitAnswer

Result = tuple[Verdict, Reason | None]

DIGIT: Result = (Verdict.DIGIT, None)
AMBIGUOUS: Result = (Verdict.UNSURE, Reason.LOW_CONFIDENCE)
PERHAPS_A_LETTER: Result = (Verdict.UNSURE, Reason.ANOTHER_SIGN)
LETTER: Result = (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
STRANGE: Result = (Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT)


def build_answer(*result: Result) -> Answer:
    """Build an answer to eights that might be threes, with these verdicts."""
    return answers.compose_answer(
        None, [build_digit(*each) for each in result], Layout([], [], None), "made"
    )


def build_digit(verdict: Verdict, reason: Reason | None) -> DigitAnswer:
    probabilities = dict.fromkeys(DIGITS, 0.0) | {"8": 0.7, "3": 0.3}
    label = "8" if verdict == Verdict.DIGIT else Label.UNKNOWN
    return DigitAnswer(
        id=None,
        label=label,
        verdict=verdict,
        reason=reason,
        sentence=verdict_text.describe_verdict(verdict, reason or "", probabilities),
        best_guess="8",
        confidence=0.7,
        probabilities=probabilities,
        box=[0, 0, 28, 28],
    )


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (AMBIGUOUS, "This could be an 8 or a 3."),
        (
            PERHAPS_A_LETTER,
            "This may be a letter or a drawing. If it is a digit, it is most likely an 8.",
        ),
        (
            LETTER,
            "This looks like a letter, a drawing or a photo rather than a digit. "
            "If it is a digit, it is most likely an 8.",
        ),
        (
            (Verdict.UNSURE, Reason.CUT_OFF),
            "Part of the writing is cut off. Leave some space around it.",
        ),
        (
            (Verdict.UNSURE, Reason.TOO_FAINT),
            "The writing is too faint to be sure. Use a darker pen or more light.",
        ),
        (
            (Verdict.UNSURE, Reason.MORE_WRITING),
            "There is more writing here than the model can read. Crop the picture to it.",
        ),
        (
            STRANGE,
            "This is unlike the digits that the model was trained on. "
            "If it is a digit, it is most likely an 8.",
        ),
    ],
)
def test_reason_is_explained(result: Result, sentence: str) -> None:
    answer = build_answer(result)

    assert (answer.verdict, answer.reason, answer.sentence) == (*result, sentence)
    assert (answer.label, answer.best_guess) == (Label.UNKNOWN, "8")


def test_digit_has_no_explanation() -> None:
    assert (build_answer(DIGIT).label, build_answer(DIGIT).sentence) == ("8", None)
    assert (build_answer(DIGIT, DIGIT).label, build_answer(DIGIT, DIGIT).sentence) == ("88", None)


def test_blank_picture_is_not_a_digit() -> None:
    answer = build_answer()

    assert (answer.verdict, answer.reason) == (Verdict.NOT_A_DIGIT, Reason.BLANK)
    assert answer.sentence == "There is nothing written in this picture."


def test_doubtful_digit_makes_answer_unsure() -> None:
    answer = build_answer(DIGIT, DIGIT, AMBIGUOUS)

    assert (answer.label, answer.verdict) == (Label.UNKNOWN, Verdict.UNSURE)
    assert answer.best_guess == "888"
    assert answer.sentence == "Digit 3 of 3: This could be an 8 or a 3."


def test_reason_of_whole_picture_names_no_digit() -> None:
    answer = build_answer(*[(Verdict.UNSURE, Reason.CUT_OFF)] * 2)

    assert answer.sentence == "Part of the writing is cut off. Leave some space around it."


def test_clear_digits_of_a_doubtful_line_are_not_blamed() -> None:
    clear = replace(build_digit(*AMBIGUOUS), confidence=0.999)
    answer = answers.compose_answer(None, [build_digit(*DIGIT), clear], Layout([], [], 0.7), "made")

    assert answer.sentence is not None
    assert answer.sentence.startswith("Each digit is clear")


def test_mostly_non_digits_are_no_writing() -> None:
    answer = build_answer(AMBIGUOUS, LETTER, LETTER)

    assert (answer.verdict, answer.reason) == (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
    assert answer.sentence == "This does not look like written digits."


def test_one_letter_makes_answer_unsure() -> None:
    answer = build_answer(DIGIT, LETTER)

    assert (answer.verdict, answer.reason) == (Verdict.UNSURE, Reason.ANOTHER_SIGN)
    assert answer.sentence is not None
    assert answer.sentence.startswith("Digit 2 of 2: This looks like a letter")


def test_lines_hold_digits_in_order() -> None:
    layout = Layout([([0, 0, 9, 5], 2), ([0, 6, 9, 5], 1)], [], 0.9)

    answer = answers.compose_answer(None, [build_digit(*DIGIT) for _ in range(3)], layout, "made")

    assert [(line.text, line.digits) for line in answer.lines] == [("88", [0, 1]), ("8", [2])]


@pytest.mark.parametrize(("layout_confidence", "confidence"), [(0.9, 0.7), (0.2, 0.2), (None, 0.7)])
def test_confidence_is_lowest_of_digits_and_layout(
    layout_confidence: float | None, confidence: float
) -> None:
    answer = answers.compose_answer(
        None, [build_digit(*DIGIT)] * 2, Layout([], [], layout_confidence), "made"
    )

    assert answer.confidence == confidence


@pytest.mark.parametrize(
    ("width", "reason", "sentence"),
    [
        (70, Reason.LOW_CONFIDENCE, "Two digits may touch here. Leave a gap between them."),
        (40, Reason.LOW_CONFIDENCE, "This could be an 8 or a 3."),
        (
            70,
            Reason.TOO_FAINT,
            "The writing is too faint to be sure. Use a darker pen or more light.",
        ),
    ],
)
def test_doubtful_digit_in_a_wide_box_may_be_two(width: int, reason: Reason, sentence: str) -> None:
    recognition = Recognition(
        verdict=Verdict.UNSURE,
        reason=reason,
        probabilities=np.array([0, 0, 0, 0.3, 0, 0, 0, 0, 0.7, 0]),
        scores={},
        features=np.zeros(64, np.float32),
    )
    digit = ReadDigit(np.zeros((28, 28), np.uint8), (0, 0, width, 50), recognition)
    assert answers.build_digit(digit).sentence == sentence
