"""The bundled model reads real digits, says when it is not sure, and refuses bad folders."""

import math
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import model_folder
from classifier.recognition.labels import Label, Reason, Verdict
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.tests import factories

FLOOR = 0.99  # of real digits read right; the bundled model is well above it

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def test_the_bundled_model_reads_at_least_99_percent_of_real_digits(
    baseline: Recognizer, digits: Digits
) -> None:
    pixels, labels = (array[::5] for array in digits)

    guesses = [int(found.best_guess) for found in baseline.recognize(pixels)]

    assert len(guesses) == 1000
    assert np.mean(guesses == labels) >= FLOOR


def test_ten_probabilities_sum_to_one_and_the_largest_is_the_best_guess(
    baseline: Recognizer, digits: Digits
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)

    for found in baseline.recognize([*digits[0][::250], *noise, np.zeros((28, 28), np.uint8)]):
        assert found.probabilities.shape == (10,)
        assert found.probabilities.min() >= 0
        assert found.probabilities.sum() == pytest.approx(1)
        assert found.confidence == found.probabilities[int(found.best_guess)]
        assert found.confidence == found.probabilities.max()
        assert 0 <= found.scores["predictive_entropy"] <= math.log(10)


def test_answers_come_in_the_order_of_the_images_which_may_be_any_iterable(
    baseline: Recognizer, digits: Digits
) -> None:
    one_of_each = [digits[0][digits[1] == digit][0] for digit in range(10)]

    found = baseline.recognize(image for image in one_of_each)

    assert "".join(answer.best_guess for answer in found) == "0123456789"
    assert baseline.recognize([]) == []


@pytest.mark.parametrize(
    ("threshold", "label", "verdict", "reason"),
    [(0.0, "7", Verdict.DIGIT, None), (1.01, Label.UNKNOWN, Verdict.UNSURE, Reason.LOW_CONFIDENCE)],
)
def test_below_the_threshold_of_its_manifest_a_model_is_unsure_and_still_guesses(
    digits: Digits, threshold: float, label: str, verdict: Verdict, reason: Reason | None
) -> None:
    recognizer = Recognizer(
        factories.copy_bundled_model(
            "strict", thresholds=factories.build_thresholds(confidence=threshold)
        )
    )

    [found] = recognizer.recognize([digits[0][digits[1] == 7][0]])

    assert (found.label, found.verdict, found.reason) == (label, verdict, reason)
    assert found.best_guess == "7"


def test_a_higher_temperature_makes_it_less_certain(digits: Digits) -> None:
    seven = [digits[0][digits[1] == 7][0]]
    temperatures = (1.0, 4.0, 16.0)

    folders = [
        factories.copy_bundled_model(f"at {each}", temperature=each) for each in temperatures
    ]
    cool, warm, hot = (Recognizer(folder).recognize(seven)[0] for folder in folders)

    assert cool.confidence > warm.confidence > hot.confidence
    assert cool.scores["predictive_entropy"] < hot.scores["predictive_entropy"]


def test_threads_can_share_it(baseline: Recognizer, digits: Digits) -> None:
    images = digits[0][::50]
    alone = [found.probabilities for found in baseline.recognize(images)]

    def read(image: NDArray[np.uint8]) -> NDArray[np.float64]:
        return baseline.recognize([image])[0].probabilities

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(read, images))

    assert np.array_equal(alone, together)


def test_graph_starts_no_threads_of_its_own(baseline: Recognizer) -> None:
    threads = Path("/proc/self/task")
    before = len([*threads.iterdir()])

    recognizer = Recognizer(factories.copy_bundled_model("second"))

    assert recognizer.name == "second"
    assert len([*threads.iterdir()]) == before


def test_it_has_the_name_of_its_manifest(baseline: Recognizer) -> None:
    assert baseline.name == "baseline"
    assert Recognizer(factories.copy_bundled_model("second")).name == "second"


PLAIN: dict[str, Any] = {
    "name": "fake",
    "created_at": "",
    "configuration": {},
    "dataset": {},
    "metrics": {},
    "thresholds": factories.build_thresholds(),
}


@pytest.mark.parametrize(
    ("limits", "verdict", "reason"),
    [
        ({"rejection": -0.1}, Verdict.UNSURE, Reason.ANOTHER_SIGN),
        ({"distance": -0.1}, Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT),
        ({"rejection": -0.1, "distance": -0.1}, Verdict.UNSURE, Reason.ANOTHER_SIGN),
        ({"distance": -0.1, "confidence": 1.01}, Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT),
    ],
)
def test_what_is_beyond_a_threshold_is_doubted_for_the_first_reason_that_holds(
    digits: Digits, limits: dict[str, float], verdict: Verdict, reason: Reason
) -> None:
    recognizer = Recognizer(
        factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(**limits))
    )

    [found] = recognizer.recognize([digits[0][digits[1] == 7][0]])

    assert (found.verdict, found.reason, found.best_guess) == (verdict, reason, "7")


def test_what_is_likelier_no_digit_than_one_is_called_none_whatever_the_thresholds(
    digits: Digits,
) -> None:
    """A 4 that lies on its side."""
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )

    [found] = lenient.recognize([np.rot90(digits[0][digits[1] == 4][0]).copy()])

    assert (found.verdict, found.reason) == (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
    assert found.scores["rejection"] > 0.5
    assert found.certainty < 0.5


def test_score_at_its_threshold_is_not_doubted(digits: Digits) -> None:
    seven = [digits[0][digits[1] == 7][0]]
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )
    [found] = lenient.recognize(seven)
    exact = {name: found.scores[name] for name in ("rejection", "distance")}

    strict = factories.copy_bundled_model(
        "strict", thresholds={"confidence": found.confidence, **exact}
    )

    assert Recognizer(strict).recognize(seven)[0].verdict == Verdict.DIGIT


def test_sign_as_likely_to_be_a_digit_as_not_is_not_refused(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )
    lying = [np.rot90(digits[0][digits[1] == 4][0]).copy()]
    [refused] = lenient.recognize(lying)

    limit = "classifier.recognition.recognizer.LIKELIER_THAN_NOT"
    monkeypatch.setattr(limit, refused.scores["rejection"])

    assert lenient.recognize(lying)[0].verdict == Verdict.DIGIT


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\0" * 5000])
def test_a_file_that_is_no_litert_graph_is_damaged(content: bytes) -> None:
    folder = factories.copy_bundled_model("fake")
    (folder / model_folder.GRAPH).write_bytes(content)
    model_folder.write_manifest(folder, model_folder.Manifest(**PLAIN))

    with pytest.raises(model_folder.DamagedArtifact, match="is not a LiteRT graph"):
        Recognizer(folder)


def other_shape() -> bytes:
    """The rejector of another network."""
    buffer = BytesIO()
    np.savez(buffer, whitening=np.zeros((1, 3, 3)), centres=np.zeros((1, 10, 3)))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut short", b"\0" * 5000, other_shape()])
def test_a_rejector_that_does_not_belong_to_the_graph_is_refused_at_loading(
    content: bytes,
) -> None:
    folder = factories.copy_bundled_model("mixed")
    (folder / model_folder.REJECTOR).write_bytes(content)
    model_folder.write_manifest(folder, model_folder.Manifest(**PLAIN))

    with pytest.raises(model_folder.DamagedArtifact, match="don't belong together"):
        Recognizer(folder)


def test_a_manifest_without_the_threshold_is_refused_at_loading_and_not_at_the_first_picture() -> (
    None
):
    folder = factories.copy_bundled_model("careless", thresholds={})

    with pytest.raises(model_folder.ArtifactError):
        Recognizer(folder)


def test_a_damaged_graph_is_refused_before_it_is_run() -> None:
    folder = factories.copy_bundled_model("damaged")
    factories.flip_byte(folder / model_folder.GRAPH)

    with pytest.raises(model_folder.DamagedArtifact, match="checksum"):
        Recognizer(folder)


def judged(*, sure: float, rejection: float, verdict: Verdict) -> Recognition:
    """A 7, or else a 1."""
    probabilities = np.zeros(10)
    probabilities[[7, 1]] = sure, 1 - sure
    return Recognition(probabilities, {"rejection": rejection}, verdict, None, np.zeros(4))


def test_doubt_is_the_margin_between_the_likeliest_of_digits_and_none_and_most_where_unsure() -> (
    None
):
    rising = [
        judged(sure=1.0, rejection=0.0, verdict=Verdict.DIGIT),
        judged(sure=0.9, rejection=0.0, verdict=Verdict.DIGIT),
        judged(sure=0.9, rejection=0.4, verdict=Verdict.DIGIT),
        judged(sure=0.9, rejection=0.0, verdict=Verdict.UNSURE),
        judged(sure=0.5, rejection=0.0, verdict=Verdict.UNSURE),
    ]
    doubts = [each.doubt for each in rising]
    assert doubts == sorted(doubts)
    assert (doubts[0], doubts[-1]) == (0.0, 1.0)
    assert judged(sure=0.5, rejection=1.0, verdict=Verdict.NOT_A_DIGIT).doubt == 0.0


def test_what_is_refused_is_guessed_to_be_no_digit() -> None:
    refused = judged(sure=0.9, rejection=0.9, verdict=Verdict.NOT_A_DIGIT)
    assert (refused.guess, refused.best_guess) == ("not_a_digit", "7")
    assert judged(sure=0.9, rejection=0.3, verdict=Verdict.UNSURE).guess == "7"
