"""The page that explains how a picture is read and how good the current model is."""

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

MAX_MISTAKES = 8

format_share = partial(share, places=2)


@require_safe
@conditional_page
def how(request: HttpRequest) -> HttpResponse:
    served = explanations.get_served_model()
    context = _describe_model(served) if served else {}
    return render(request, "how.html", {"retention_days": settings.RETENTION_DAYS} | context)


def _describe_model(served: ServedModel) -> dict[str, Any]:
    manifest = served.recognizer.manifest
    details = manifest.metrics.get("test_details", {})
    return {
        "model": manifest,
        "model_name": explanations.get_fingerprint(served),
        "created_at": datetime.fromisoformat(manifest.created_at),
        "snapshot": versions.summarize_snapshot(manifest.dataset),
        "typical": explanations.list_typical_exemplars(served),
        "charts": _draw_charts(details) if details else [],
        "mistakes": _list_mistakes(details.get("confusion", [])),
    }


def _draw_charts(details: dict[str, Any]) -> list[SafeString]:
    bins, points = details["reliability"], details["risk_coverage"]
    errors = {
        digit: 1 - row[int(digit)] / max(sum(row), 1)
        for digit, row in zip(DIGITS, details["confusion"], strict=True)
    }
    return [
        charts.draw_lines(
            {
                _("predicted"): [each["said"] for each in bins],
                _("actual"): [each["right"] for each in bins],
            },
            _("How often it is right, by confidence"),
            _("confidence, up to … %"),
            [f"{100 * each['to']:.4g}" for each in bins],
            format_share,
        ),
        charts.draw_lines(
            {_("wrong"): [each["wrong"] for each in points]},
            _("Wrong answers if the least certain ones are left out"),
            _("answers kept, in percent"),
            [f"{100 * each['kept']:.4g}" for each in points],
            format_share,
            from_zero=True,
        ),
        charts.draw_bars(errors, _("Wrong answers by digit"), _("digit written"), format_share),
    ]


def _list_mistakes(confusion: list[list[int]]) -> list[tuple[int, int, int]]:
    """Return (written, read, count) of the most frequent mistakes."""
    mistakes = [
        (written, read, count)
        for written, row in enumerate(confusion)
        for read, count in enumerate(row)
        if count and written != read
    ]
    return sorted(mistakes, key=lambda each: -each[2])[:MAX_MISTAKES]
