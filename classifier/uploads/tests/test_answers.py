"""One answer over all that is in a picture, and the sentence that explains it."""

import pytest

from classifier.recognition.labels import DIGITS, Label, Reason, Verdict
from classifier.recognition.layout import Layout
from classifier.uploads import answers, verdict_text
from classifier.uploads.answers import Answer, DigitAnswer

Told = tuple[Verdict, Reason | None]

DIGIT: Told = (Verdict.DIGIT, None)
WAVERING: Told = (Verdict.UNSURE, Reason.LOW_CONFIDENCE)
PERHAPS_A_SIGN: Told = (Verdict.UNSURE, Reason.ANOTHER_SIGN)
A_SIGN: Told = (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
STRANGE: Told = (Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT)


def answer(*told: Told) -> Answer:
    """Over eights that might be threes, with these verdicts."""
    return answers.compose_answer(
        None, [digit(*each) for each in told], Layout([], [], None), "made"
    )


def digit(verdict: Verdict, reason: Reason | None) -> DigitAnswer:
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
    ("told", "sentence"),
    [
        (WAVERING, "This could be an 8 or a 3."),
        (
            PERHAPS_A_SIGN,
            "This may be a letter or a drawing. If it is a digit, it is most likely an 8.",
        ),
        (
            A_SIGN,
            "This looks like a letter, a drawing or a photo rather than a digit. "
            "If it is a digit, it is most likely an 8.",
        ),
        ((Verdict.UNSURE, Reason.CUT_OFF), "Part of the writing is cut off."),
        ((Verdict.UNSURE, Reason.TOO_FAINT), "The writing is too faint to be sure."),
        (
            (Verdict.UNSURE, Reason.MORE_WRITING),
            "There is more writing here than the model can read.",
        ),
        (
            STRANGE,
            "This is unlike the digits that the model was trained on. "
            "If it is a digit, it is most likely an 8.",
        ),
    ],
)
def test_a_doubt_is_explained_in_a_sentence(told: Told, sentence: str) -> None:
    found = answer(told)

    assert (found.verdict, found.reason, found.sentence) == (*told, sentence)
    assert (found.label, found.best_guess) == (Label.UNKNOWN, "8")


def test_a_digit_needs_no_explanation() -> None:
    assert (answer(DIGIT).label, answer(DIGIT).sentence) == ("8", None)
    assert (answer(DIGIT, DIGIT).label, answer(DIGIT, DIGIT).sentence) == ("88", None)


def test_a_blank_picture_is_called_blank() -> None:
    found = answer()

    assert (found.verdict, found.reason) == (Verdict.NOT_A_DIGIT, Reason.BLANK)
    assert found.sentence == "There is nothing written in this picture."


def test_one_doubtful_digit_makes_the_whole_unsure_and_is_the_one_explained() -> None:
    found = answer(DIGIT, DIGIT, WAVERING)

    assert (found.label, found.verdict) == (Label.UNKNOWN, Verdict.UNSURE)
    assert found.best_guess == "888"
    assert found.sentence == "Digit 3 of 3: This could be an 8 or a 3."


def test_a_picture_is_no_writing_where_most_of_its_pieces_are_none() -> None:
    found = answer(WAVERING, A_SIGN, A_SIGN)

    assert (found.verdict, found.reason) == (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
    assert found.sentence == "This does not look like written digits."


def test_a_letter_among_as_many_digits_is_a_doubt() -> None:
    found = answer(DIGIT, A_SIGN)

    assert (found.verdict, found.reason) == (Verdict.UNSURE, Reason.ANOTHER_SIGN)
    assert found.sentence is not None
    assert found.sentence.startswith("Digit 2 of 2: This looks like a letter")


def test_lines_hold_their_digits_in_order() -> None:
    layout = Layout([([0, 0, 9, 5], 2), ([0, 6, 9, 5], 1)], [], 0.9)

    found = answers.compose_answer(None, [digit(*DIGIT) for _ in range(3)], layout, "made")

    assert [(line.text, line.digits) for line in found.lines] == [("88", [0, 1]), ("8", [2])]


@pytest.mark.parametrize(("whole", "least"), [(0.9, 0.7), (0.2, 0.2), (None, 0.7)])
def test_confidence_is_not_above_that_of_any_digit_or_of_the_whole(
    whole: float | None, least: float
) -> None:
    found = answers.compose_answer(None, [digit(*DIGIT)] * 2, Layout([], [], whole), "made")

    assert found.confidence == least
