import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion
from classifier.registry import serving, versions
from classifier.tests import factories
from classifier.tests.pages import read_text

pytestmark = pytest.mark.django_db


def test_page_shows_figures_of_current_model(client: Client, champion: ModelVersion) -> None:
    text = read_text(client, "/how")
    assert "The current model: baseline" in text
    assert "Created on Nov. 27, 2026. It was trained on 60,000 images" in text
    for figure in (
        "correct 99.7 %",
        "answered without doubt 97.7 %",
        "of these correct > 99.9 %",
    ):
        assert figure in text
    assert "non-digits rejected 99.2 %" in text
    assert "error of its confidence (ECE) 0.2 %" in text
    assert "Measured on the 10,000 digits" in text
    assert "3 small neural networks" in text


def test_page_shows_charts_and_mistakes_of_manifest(client: Client, champion: ModelVersion) -> None:
    page = client.get("/how").text
    titles = re.findall(r'<svg [^>]*aria-label="([^".?:]*)', page)
    assert titles == [
        "How often it is right, by confidence",
        "Wrong answers if the least certain ones are left out",
        "Wrong answers by digit",
    ]
    mistakes = re.findall(r"<tr><td>(\d)</td><td>(\d)</td><td>(\d+)</td></tr>", page)
    assert mistakes[0] == ("7", "1", "5")
    confusion = champion.metrics["test_details"]["confusion"]
    assert all(confusion[int(was)][int(read)] == int(times) for was, read, times in mistakes)


def test_labelled_uploads_in_training_data_are_counted(client: Client) -> None:
    dataset = {"images": 60_012, "by_source": {"mnist": 60_000, "web": 12}}
    figures: dict[str, float | None] = {
        "digits": 1_040,
        "non_digits": 0,
        "accuracy": 0.9875,
        "coverage": 0.9,
        "ece": 0.01,
    }
    figures |= {"accuracy_at_digit": None, "non_digits_refused": None}
    metrics = {"test": figures, "held_out_uploads": figures}
    factories.copy_bundled_model("taught", dataset=dataset, metrics=metrics)
    versions.promote_model("taught")
    text = read_text(client, "/how")
    assert "60,012 images of other people's handwriting, 12 of them sent to this site" in text
    assert "Of 1,040 labelled digits from this site" in text
    assert "of these correct" not in text


def test_model_without_metrics_has_no_charts(client: Client) -> None:
    factories.copy_bundled_model("bare", metrics={}, configuration={"members": 1})
    versions.promote_model("bare")
    page = client.get("/how").text
    assert "<code>bare</code>" in page
    assert "A small neural network estimates" in page
    assert "<svg " not in page


def test_certificates_are_explained(client: Client) -> None:
    proved = factories.build_certificate()
    string = factories.build_certificate(
        claim="strings", level=0.01, threshold=0.9, n=400, errors=0
    )
    failed = factories.build_certificate(threshold=None, n=333, errors=2, upper_bound=0.0188)
    factories.copy_bundled_model("certified", certificates=(proved, string, failed))
    versions.promote_model("certified")
    text = read_text(client, "/how")
    assert (
        "With 95 % confidence, at most 0.1 % of the single digits with a probability "
        "≥ 99.9 % are wrong. In the calibration, 1 of 4,800 such digits were wrong."
    ) in text
    assert "at most 1 % of the numbers with a probability ≥ 90 %" in text
    assert "2 of 333 such answers were wrong, which only proves a limit of 1.9 %." in text
    assert "It does not cover other kinds of pictures" in text


def test_model_without_certificates_has_no_guarantees(client: Client) -> None:
    factories.copy_bundled_model("bare", certificates=())
    versions.promote_model("bare")
    assert "Guarantees" not in read_text(client, "/how")


def test_page_works_without_model(client: Client) -> None:
    text = read_text(client, "/how")
    assert "Find the writing" in text
    assert "Limits" in text
    assert "The current model" not in text


def test_retention_period_is_named(client: Client, settings: Settings) -> None:
    assert "it is deleted" not in read_text(client, "/how")
    settings.RETENTION_DAYS = 30
    assert "All of it is deleted after 30 days." in read_text(client, "/how")


def test_page_is_sent_again_only_after_change(
    client: Client, champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = client.get("/how").headers["ETag"]
    assert client.get("/how", headers={"If-None-Match": etag}).status_code == 304
    factories.copy_bundled_model("next")
    versions.promote_model("next")
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())
    assert client.get("/how", headers={"If-None-Match": etag}).status_code == 200
