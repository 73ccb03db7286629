import pytest
from prometheus_client import REGISTRY

from classifier.models import Prediction
from classifier.monitoring import metrics
from classifier.recognition.labels import Reason, Verdict


def get_count(verdict: Verdict, reason: str = "") -> float:
    labels = {"verdict": verdict.value, "reason": reason}
    return REGISTRY.get_sample_value("mnistsite_predictions_total", labels) or 0.0


def get_bucket(at_most: str) -> float:
    name = "mnistsite_prediction_confidence_bucket"
    return REGISTRY.get_sample_value(name, {"le": at_most}) or 0.0


def test_predictions_are_counted_by_verdict_and_reason() -> None:
    digits, unsure = get_count(Verdict.DIGIT), get_count(Verdict.UNSURE, Reason.LOW_CONFIDENCE)
    metrics.count_predictions(
        [
            Prediction(verdict="digit", reason="", confidence=0.99),
            Prediction(verdict="digit", reason="", confidence=0.98),
            Prediction(verdict="unsure", reason="low_confidence", confidence=0.4),
        ]
    )
    assert get_count(Verdict.DIGIT) == digits + 2
    assert get_count(Verdict.UNSURE, Reason.LOW_CONFIDENCE) == unsure + 1


@pytest.mark.parametrize(("confidence", "bucket"), [(0.4, "0.5"), (0.9991, "1.0"), (1.0, "1.0")])
def test_confidence_is_counted_in_its_bucket(confidence: float, bucket: str) -> None:
    below = {"0.5": "0.3", "1.0": "0.999"}[bucket]
    before = get_bucket(bucket) - get_bucket(below)
    metrics.count_predictions([Prediction(verdict="digit", reason="", confidence=confidence)])
    assert get_bucket(bucket) - get_bucket(below) == before + 1
