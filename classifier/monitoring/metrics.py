"""Prometheus metrics of recognised digits."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from classifier.models import Prediction

PREDICTIONS = Counter(
    "mnistsite_predictions", "Digits read, by verdict and reason.", ["verdict", "reason"]
)
CONFIDENCE = Histogram(
    "mnistsite_prediction_confidence",
    "Probability of the best guess.",
    buckets=(0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0),
)


def count_predictions(predictions: Iterable[Prediction]) -> None:
    for prediction in predictions:
        PREDICTIONS.labels(prediction.verdict, prediction.reason).inc()
        CONFIDENCE.observe(prediction.confidence)
