"""How a picture becomes an answer, and what the model in service is worth."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from classifier.monitoring import charts
from classifier.recognition.labels import DIGITS
from classifier.registry import versions
from classifier.registry.serving import ServedModel
from classifier.templatetags.numbers import share
from classifier.uploads import explanations

MISTAKES = 8

say_share = partial(share, places=-2)


@require_safe
@conditional_page
def how(request: HttpRequest) -> HttpResponse:
    served = explanations.get_served_model()
    context = _of_model(served) if served else {}
    return render(request, "how.html", {"retention_days": settings.RETENTION_DAYS} | context)


def _of_model(served: ServedModel) -> dict[str, Any]:
    manifest = served.recognizer.manifest
    details = manifest.metrics.get("test_details", {})
    return {
        "model": manifest,
        "model_name": explanations.get_fingerprint(served),
        "made_on": datetime.fromisoformat(manifest.created_at),
        "learnt": versions.summarize_snapshot(manifest.dataset),
        "typical": explanations.list_typical_exemplars(served),
        "charts": _charts(details),
        "mistakes": _mistakes(details.get("confusion", [])),
    }


def _charts(details: dict[str, Any]) -> list[SafeString]:
    if not details:
        return []
    return [
        _reliability(details["reliability"]),
        _risk_coverage(details["risk_coverage"]),
        _errors_by_digit(details["confusion"]),
    ]


def _reliability(bins: list[dict[str, float]]) -> SafeString:
    series = {
        _("said"): [each["said"] for each in bins],
        _("right"): [each["right"] for each in bins],
    }
    names = [f"{100 * each['to']:.4g}" for each in bins]
    title = _("Is it as sure as it should be?")
    return charts.draw_lines(series, title, _("confidence, up to … %"), names, say_share)


def _risk_coverage(points: list[dict[str, float]]) -> SafeString:
    series = {_("wrong"): [each["wrong"] for each in points]}
    names = [f"{100 * each['kept']:.4g}" for each in points]
    title = _("What doubting is worth: answers that are wrong")
    x_title = _("% of the digits answered, the surest first")
    return charts.draw_lines(series, title, x_title, names, say_share, from_zero=True)


def _errors_by_digit(confusion: list[list[int]]) -> SafeString:
    wrong = {
        digit: 1 - row[int(digit)] / max(sum(row), 1)
        for digit, row in zip(DIGITS, confusion, strict=True)
    }
    return charts.draw_bars(
        wrong, _("Which digits it reads wrong"), _("what was written"), say_share
    )


def _mistakes(confusion: list[list[int]]) -> list[tuple[int, int, int]]:
    """What was written, as what it was read, and how often; the commonest first."""
    found = [
        (written, read, count)
        for written, row in enumerate(confusion)
        for read, count in enumerate(row)
        if count and written != read
    ]
    return sorted(found, key=lambda each: -each[2])[:MISTAKES]
