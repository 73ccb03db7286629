"""The evaluation of one model on all sets."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from training.data.images import EvaluationSet
from training.evaluation import charts, evaluate
from training.evaluation.evaluate import EvaluatedPictures, Metrics


@dataclass(frozen=True)
class EvaluationResults:
    """A model's answers on the sets "test" and "held_out_uploads", and on its calibration data.

    A set without images is missing. `new` are the answers to the images with new labels.
    """

    sets: dict[str, EvaluationSet]
    answers: dict[str, EvaluatedPictures]
    calibration: EvaluatedPictures
    new: EvaluatedPictures

    @cached_property
    def metrics(self) -> dict[str, Metrics]:
        """The metrics of each set and, as "held_out", of the calibration data."""
        parts = self.answers | {"held_out": self.calibration}
        return {name: evaluate.measure(pictures) for name, pictures in parts.items()}

    def to_json(self) -> dict[str, Any]:
        values = {name: asdict(metrics) for name, metrics in self.metrics.items()}
        if test := self.answers.get("test"):
            values["test_details"] = charts.make_chart_data(test.digits)
        return values
