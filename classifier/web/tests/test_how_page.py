"""How it works: the model in service with its own figures, and what it is without them."""

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion
from classifier.registry import serving, versions
from classifier.tests import factories
from classifier.tests.pages import read_text

pytestmark = pytest.mark.django_db


def test_the_figures_are_those_of_the_model_in_service(
    client: Client, champion: ModelVersion
) -> None:
    shown = read_text(client, "/how")
    assert "The model that answers now: baseline" in shown
    assert "Made on Nov. 23, 2026. It learnt from 60,000 images" in shown
    for figure in (
        "read right 99.69 %",
        "answered without doubt 97.68 %",
        "of these right 99.94 %",
    ):
        assert figure in shown
    assert "of what is no digit, refused 99.24 %" in shown
    assert "off in its confidence (ECE) 0.19 %" in shown
    assert "Measured on 10,000 digits" in shown
    assert "3 small neural networks" in shown


def test_its_charts_and_commonest_mistakes_are_drawn_from_its_manifest(
    client: Client, champion: ModelVersion
) -> None:
    page = client.get("/how").content.decode()
    told = re.findall(r'<svg [^>]*aria-label="([^".?:]*)', page)
    assert told == [
        "Is it as sure as it should be",
        "What doubting is worth",
        "Which digits it reads wrong",
    ]
    mistakes = re.findall(r"<tr><td>(\d)</td><td>(\d)</td><td>(\d+)</td></tr>", page)
    assert mistakes[0] == ("7", "1", "4")
    confusion = champion.metrics["test_details"]["confusion"]
    assert all(confusion[int(was)][int(read)] == int(times) for was, read, times in mistakes)


def test_what_was_labelled_here_is_told_where_a_model_learnt_from_it(client: Client) -> None:
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
    versions.promote("taught")
    shown = read_text(client, "/how")
    assert "60,012 images by other people, 12 of them sent to this site" in shown
    assert "Of 1,040 labelled digits that people sent here" in shown
    assert "of these right" not in shown


def test_a_model_without_figures_shows_what_it_has(client: Client) -> None:
    factories.copy_bundled_model("bare", metrics={}, configuration={"members": 1})
    versions.promote("bare")
    page = client.get("/how").content.decode()
    assert "<code>bare</code>" in page
    assert "A small neural network says" in page
    assert "<svg " not in page


def test_certificates_are_shown_with_their_evidence_and_limits(client: Client) -> None:
    proved = factories.build_certificate()
    string = factories.build_certificate(
        claim="strings", level=0.01, threshold=0.9, n=400, errors=0
    )
    failed = factories.build_certificate(threshold=None, n=333, errors=2, upper_bound=0.0188)
    factories.copy_bundled_model("certified", certificates=(proved, string, failed))
    versions.promote("certified")
    shown = read_text(client, "/how")
    assert (
        "With 95 % confidence, at most 0.1 % of the single digits that it reads with 99.91 % or "
        "more are wrong. Errors in calibration: 1 of 4,800 such digits."
    ) in shown
    assert "at most 1 % of the whole numbers that it reads with 90.00 % or more" in shown
    assert "Of 333 such answers 2 were wrong, which proves no more than 1.88 %." in shown
    assert "It does not cover other kinds of pictures" in shown


def test_model_without_certificate_has_no_guarantee(client: Client) -> None:
    factories.copy_bundled_model("bare", certificates=())
    versions.promote("bare")
    assert "What is guaranteed" not in read_text(client, "/how")


def test_without_a_model_it_is_still_told_how_it_works(client: Client) -> None:
    shown = read_text(client, "/how")
    assert "Find the ink" in shown
    assert "What it can't do" in shown
    assert "The model that answers now" not in shown


def test_how_long_pictures_are_kept_is_told(client: Client, settings: Settings) -> None:
    assert "it is deleted" not in read_text(client, "/how")
    settings.RETENTION_DAYS = 30
    assert "After 30 days it is deleted." in read_text(client, "/how")


def test_whoever_has_the_page_gets_it_again_only_after_a_change(
    client: Client, champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = client.get("/how").headers["ETag"]
    assert client.get("/how", headers={"If-None-Match": etag}).status_code == 304
    factories.copy_bundled_model("next")
    versions.promote("next")
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())
    assert client.get("/how", headers={"If-None-Match": etag}).status_code == 200
