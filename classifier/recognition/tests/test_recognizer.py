"""Recognition with the bundled model, verdicts, and damaged folders."""

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
from classifier.tests.pictures import Digits

FLOOR = 0.99  # of real digits read right; the bundled model is well above it


def test_bundled_model_reads_99_percent_of_mnist(baseline: Recognizer, digits: Digits) -> None:
    pixels, labels = (array[::5] for array in digits)

    guesses = [int(each.best_guess) for each in baseline.recognize(pixels)]

    assert len(guesses) == 1000
    assert np.mean(guesses == labels) >= FLOOR


def test_probabilities_sum_to_one_and_the_largest_is_the_best_guess(
    baseline: Recognizer, digits: Digits
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)

    for recognition in baseline.recognize(
        [*digits[0][::250], *noise, np.zeros((28, 28), np.uint8)]
    ):
        assert recognition.probabilities.shape == (10,)
        assert recognition.probabilities.min() >= 0
        assert recognition.probabilities.sum() == pytest.approx(1)
        assert recognition.confidence == recognition.probabilities[int(recognition.best_guess)]
        assert recognition.confidence == recognition.probabilities.max()
        assert 0 <= recognition.scores["predictive_entropy"] <= math.log(10)


def test_recognitions_keep_the_order_of_an_iterable(baseline: Recognizer, digits: Digits) -> None:
    one_of_each = [digits[0][digits[1] == digit][0] for digit in range(10)]

    recognition = baseline.recognize(image for image in one_of_each)

    assert "".join(answer.best_guess for answer in recognition) == "0123456789"
    assert baseline.recognize([]) == []


@pytest.mark.parametrize(
    ("threshold", "label", "verdict", "reason"),
    [(0.0, "7", Verdict.DIGIT, None), (1.01, Label.UNKNOWN, Verdict.UNSURE, Reason.LOW_CONFIDENCE)],
)
def test_confidence_below_the_threshold_is_unsure_with_a_guess(
    digits: Digits, threshold: float, label: str, verdict: Verdict, reason: Reason | None
) -> None:
    recognizer = Recognizer(
        factories.copy_bundled_model(
            "strict", thresholds=factories.build_thresholds(confidence=threshold)
        )
    )

    [recognition] = recognizer.recognize([digits[0][digits[1] == 7][0]])

    assert (recognition.label, recognition.verdict, recognition.reason) == (label, verdict, reason)
    assert recognition.best_guess == "7"


def test_higher_temperature_lowers_the_confidence(digits: Digits) -> None:
    seven = [digits[0][digits[1] == 7][0]]
    temperatures = (1.0, 4.0, 16.0)

    folders = [
        factories.copy_bundled_model(f"at {each}", temperature=each) for each in temperatures
    ]
    cool, warm, hot = (Recognizer(folder).recognize(seven)[0] for folder in folders)

    assert cool.confidence > warm.confidence > hot.confidence
    assert cool.scores["predictive_entropy"] < hot.scores["predictive_entropy"]


def test_threads_can_share_a_recognizer(baseline: Recognizer, digits: Digits) -> None:
    images = digits[0][::50]
    alone = [recognition.probabilities for recognition in baseline.recognize(images)]

    def read(image: NDArray[np.uint8]) -> NDArray[np.float64]:
        return baseline.recognize([image])[0].probabilities

    with ThreadPoolExecutor(8) as threads:
        concurrent = list(threads.map(read, images))

    assert np.array_equal(alone, concurrent)


def test_graph_starts_no_threads_of_its_own(baseline: Recognizer) -> None:
    threads = Path("/proc/self/task")
    before = len([*threads.iterdir()])

    recognizer = Recognizer(factories.copy_bundled_model("second"))

    assert recognizer.name == "second"
    assert len([*threads.iterdir()]) == before


def test_recognizer_has_the_name_in_its_manifest(baseline: Recognizer) -> None:
    assert baseline.name == "baseline"
    assert Recognizer(factories.copy_bundled_model("second")).name == "second"


MANIFEST: dict[str, Any] = {
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
def test_score_beyond_a_threshold_is_unsure_for_the_first_reason(
    digits: Digits, limits: dict[str, float], verdict: Verdict, reason: Reason
) -> None:
    recognizer = Recognizer(
        factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(**limits))
    )

    [recognition] = recognizer.recognize([digits[0][digits[1] == 7][0]])

    assert (recognition.verdict, recognition.reason, recognition.best_guess) == (
        verdict,
        reason,
        "7",
    )


def test_four_on_its_side_is_not_a_digit_at_any_threshold(digits: Digits) -> None:
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )

    [recognition] = lenient.recognize([np.rot90(digits[0][digits[1] == 4][0]).copy()])

    assert (recognition.verdict, recognition.reason) == (Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN)
    assert recognition.scores["rejection"] > 0.5
    assert recognition.certainty < 0.5


def test_score_at_its_threshold_is_accepted(digits: Digits) -> None:
    seven = [digits[0][digits[1] == 7][0]]
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )
    [recognition] = lenient.recognize(seven)
    exact = {name: recognition.scores[name] for name in ("rejection", "distance")}

    strict = factories.copy_bundled_model(
        "strict", thresholds={"confidence": recognition.confidence, **exact}
    )

    assert Recognizer(strict).recognize(seven)[0].verdict == Verdict.DIGIT


def test_rejection_at_the_limit_is_accepted(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = Recognizer(
        factories.copy_bundled_model("lenient", thresholds=factories.build_thresholds())
    )
    turned = [np.rot90(digits[0][digits[1] == 4][0]).copy()]
    [rejected] = lenient.recognize(turned)

    limit = "classifier.recognition.recognizer.REJECTED_ABOVE"
    monkeypatch.setattr(limit, rejected.scores["rejection"])

    assert lenient.recognize(turned)[0].verdict == Verdict.DIGIT


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\0" * 5000])
def test_file_that_is_not_a_litert_graph_is_damaged(content: bytes) -> None:
    folder = factories.copy_bundled_model("fake")
    (folder / model_folder.GRAPH).write_bytes(content)
    model_folder.write_manifest(folder, model_folder.Manifest(**MANIFEST))

    with pytest.raises(model_folder.ArtifactError, match="is not a LiteRT graph"):
        Recognizer(folder)


def make_detector() -> bytes:
    """Return the detector of another network."""
    buffer = BytesIO()
    np.savez(buffer, whitening=np.zeros((1, 3, 3)), centres=np.zeros((1, 10, 3)))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut short", b"\0" * 5000, make_detector()])
def test_detector_of_another_graph_is_refused(
    content: bytes,
) -> None:
    folder = factories.copy_bundled_model("mixed")
    (folder / model_folder.REJECTOR).write_bytes(content)
    model_folder.write_manifest(folder, model_folder.Manifest(**MANIFEST))

    with pytest.raises(model_folder.ArtifactError, match="don't belong together"):
        Recognizer(folder)


def test_manifest_without_thresholds_is_refused() -> None:
    folder = factories.copy_bundled_model("careless", thresholds={})

    with pytest.raises(model_folder.ArtifactError):
        Recognizer(folder)


def test_damaged_graph_is_refused() -> None:
    folder = factories.copy_bundled_model("damaged")
    factories.flip_byte(folder / model_folder.GRAPH)

    with pytest.raises(model_folder.ArtifactError, match="checksum"):
        Recognizer(folder)


def make_recognition(*, confidence: float, rejection: float, verdict: Verdict) -> Recognition:
    """Return a recognition as 7, or else as 1."""
    probabilities = np.zeros(10)
    probabilities[[7, 1]] = confidence, 1 - confidence
    return Recognition(probabilities, {"rejection": rejection}, verdict, None, np.zeros(4))


def test_acquisition_score_rises_with_a_small_margin_and_an_unsure_verdict() -> None:
    rising = [
        make_recognition(confidence=1.0, rejection=0.0, verdict=Verdict.DIGIT),
        make_recognition(confidence=0.9, rejection=0.0, verdict=Verdict.DIGIT),
        make_recognition(confidence=0.9, rejection=0.4, verdict=Verdict.DIGIT),
        make_recognition(confidence=0.9, rejection=0.0, verdict=Verdict.UNSURE),
        make_recognition(confidence=0.5, rejection=0.0, verdict=Verdict.UNSURE),
    ]
    scores = [each.acquisition_score for each in rising]
    assert scores == sorted(scores)
    assert (scores[0], scores[-1]) == (0.0, 1.0)
    assert (
        make_recognition(
            confidence=0.5, rejection=1.0, verdict=Verdict.NOT_A_DIGIT
        ).acquisition_score
        == 0.0
    )


def test_rejected_image_is_proposed_as_not_a_digit() -> None:
    rejected = make_recognition(confidence=0.9, rejection=0.9, verdict=Verdict.NOT_A_DIGIT)
    assert (rejected.proposed_label, rejected.best_guess) == ("not_a_digit", "7")
    assert (
        make_recognition(confidence=0.9, rejection=0.3, verdict=Verdict.UNSURE).proposed_label
        == "7"
    )
