"""Sentences that are stored in English are shown in the reader's language."""

import pytest
from django.utils import translation

from classifier.labelling.audits import PROMISE_BROKEN
from classifier.models import ModelVersion
from classifier.registry import comparison, runs
from classifier.templatetags.stored import translate_stored
from training.data import split

ALARM = PROMISE_BROKEN % {
    "audited": 300,
    "champion": "baseline",
    "wrong": 9,
    "low": "1.4",
    "high": "5.6",
    "promise": "0.5",
}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (runs.LOST, "Es wurde kein Modell gespeichert."),
        (split.NO_UPLOADS, "Es gibt keine beschrifteten Uploads"),
        (ALARM, "sind 9 falsch: 1,4 bis 5,6 % (95 %). Versprochen sind höchstens 0,5 %."),
        ("It reads my 7s.", "It reads my 7s."),
        ("", ""),
    ],
)
def test_stored_sentence_is_translated(stored: str, shown: str) -> None:
    assert translate_stored(stored) == stored
    with translation.override("de"):
        assert shown in translate_stored(stored).replace("\N{NO-BREAK SPACE}", " ")


def test_reason_of_the_gate_is_translated() -> None:
    sets = {"test": {"worse": ["a"], "better": [], "p": 0.5}}
    version = ModelVersion(comparison={"sets": sets, "reason": "On the test split 1 image …"})

    with translation.override("de"):
        reason = comparison.describe_reason(version)

    assert reason == "Testdaten von MNIST: 1 Bild schlechter, 0 besser gelesen (p = 0,5)."
