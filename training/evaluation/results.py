"""The evaluation of one model on all sets."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from training.data.images import Images
from training.evaluation import charts, evaluate
from training.evaluation.evaluate import EvaluatedPictures, Metrics


@dataclass(frozen=True)
class EvaluatedSet:
    """N images, their ids, and the answers for them."""

    ids: list[str]
    images: Images
    pictures: EvaluatedPictures


@dataclass(frozen=True)
class EvaluationResults:
    """A model's answers on the sets "test" and "held_out_uploads", and on its calibration data.

    A set without pictures is missing.
    """

    sets: dict[str, EvaluatedSet]
    calibration: EvaluatedPictures

    @cached_property
    def metrics(self) -> dict[str, Metrics]:
        """The metrics of each set and, as "held_out", of the calibration data."""
        metrics = {name: evaluate.measure(each.pictures) for name, each in self.sets.items()}
        return metrics | {"held_out": evaluate.measure(self.calibration)}

    def to_json(self) -> dict[str, Any]:
        values = {name: asdict(metrics) for name, metrics in self.metrics.items()}
        if "test" in self.sets:
            digits = self.sets["test"].pictures.digits
            values["test_details"] = charts.make_chart_data(digits).to_json()
        return values
