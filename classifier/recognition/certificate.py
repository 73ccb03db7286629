"""Certificates: finite-sample bounds on how often an answer above a threshold is wrong."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """A bound on the share of wrong answers, proved on calibration data.

    With probability `confidence` over the choice of the calibration set, at most the share `level`
    of the answers that reach `threshold` is wrong, on pictures like those of the set. `claim` names
    the kind of answer, "digits" or "strings". `threshold` is None if the set is too small or has
    too many errors for a proof; `n` and `errors` are then those at the strictest threshold tested.
    `n` counts the writers with an answer at the threshold, `errors` those of them with a wrong
    answer; a picture without a known writer counts as one writer. `upper_bound` is the exact
    one-sided bound at `confidence` (Clopper & Pearson 1934), `set_digest` the sha256 of the
    calibration set.
    """

    claim: str
    confidence: float
    level: float
    threshold: float | None
    n: int
    errors: int
    upper_bound: float
    set_digest: str

    @property
    def is_proved(self) -> bool:
        return self.threshold is not None
