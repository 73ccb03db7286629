"""Drift of the uploads: an alarm when the champion's inputs change."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.utils.translation import gettext_noop

from classifier.models import AlarmKind, ModelVersion, Prediction
from classifier.recognition import drift
from classifier.recognition.labels import Event, Verdict
from classifier.registry import alarms

WINDOW = 20_000  # newest images
PER_ALARM = 365_000  # images for each false alarm, at least: a year at 1,000 a day
MAX_CAUSES = 24
DRIFTED = gettext_noop(
    "People send other pictures than before. Label those that caused the alarm, then train."
)


@dataclass(frozen=True)
class InputDrift:
    """Evidence that the inputs changed, and the newest images that speak for it most.

    `evidence` reaches PER_ALARM once in PER_ALARM images at most while nothing changes.
    """

    images: int
    evidence: float
    causes: list[UUID]

    @property
    def is_alarming(self) -> bool:
        return self.evidence >= PER_ALARM


def measure_input_drift(champion: ModelVersion) -> InputDrift:
    """Measure by the distance from the training digits, and by whether the answer was certain."""
    ids, distances, unsure = _read_scores(champion)
    if not ids:
        return InputDrift(0, 0.0, [])
    rng = np.random.default_rng(0)
    bets = [
        drift.bet_on_small(drift.compute_p_values(scores, rng)) for scores in (distances, unsure)
    ]
    evidence = np.mean([drift.detect_change(each) for each in bets], axis=0)
    newest = slice(-200, None)
    strongest = np.argsort(-np.max(bets, axis=0)[newest])[:MAX_CAUSES]
    return InputDrift(len(ids), float(evidence.max()), [ids[newest][place] for place in strongest])


def _read_scores(champion: ModelVersion) -> tuple[list[UUID], list[float], list[float]]:
    """Return image ids, distances and 1 for an unsure answer, in the order of arrival."""
    served = Prediction.objects.filter(model=champion).first_answers().order_by("-pk")
    rows = served.values_list("image_id", "scores__distance", "verdict")[:WINDOW]
    scored = [row for row in reversed(rows) if row[1] is not None]
    return (
        [image for image, *_ in scored],
        [float(distance) for _, distance, _ in scored],
        [float(verdict != Verdict.DIGIT) for *_, verdict in scored],
    )


def check_input_drift() -> None:
    """Raise an alarm if the champion's inputs have changed, or clear it."""
    champion = ModelVersion.objects.champion()
    input_drift = measure_input_drift(champion) if champion else None
    if champion is None or input_drift is None or not input_drift.is_alarming:
        alarms.clear_alarm(AlarmKind.INPUT_DRIFTED)
        return
    alarms.raise_alarm(
        AlarmKind.INPUT_DRIFTED,
        DRIFTED,
        input_drift.causes,
        Event.INPUT_DRIFTED,
        {"model": champion.name, "images": input_drift.images},
    )
