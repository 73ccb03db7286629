"""Reports about the content security policy: counted, bounded, and never trusted."""

import json
from typing import Any

import pytest
from django.test import Client

from mnistsite.csp_reports import MAX_REPORTS, ReportThrottle
from mnistsite.observability import metrics

ADDRESS = "/csp-report"
REPORT = {
    "document-uri": "https://digits.example/result/6f1dd1f0-0000-4000-8000-000000000000?q=private",
    "effective-directive": "script-src-elem",
    "blocked-uri": "https://evil.example/private.js",
}


def send(content: Any, **extra: Any) -> int:
    return (
        Client(enforce_csrf_checks=True)
        .post(ADDRESS, content, content_type="application/csp-report", **extra)
        .status_code
    )


def send_report(**values: Any) -> int:
    return send(json.dumps({"csp-report": REPORT | values}))


def count(directive: str) -> float:
    child: Any = metrics.CSP_VIOLATIONS.labels(directive)
    return float(child._value.get())


def test_report_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    before = count("script-src-elem")
    assert send_report() == 204

    assert count("script-src-elem") == before + 1
    assert caplog.messages == [
        "The content security policy (script-src-elem) blocked https://evil.example "
        "on the page result."
    ]


def test_reports_to_an_endpoint_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    violation = {
        "documentURL": REPORT["document-uri"],
        "effectiveDirective": "img-src",
        "blockedURL": "https://evil.example/private.png",
    }
    reports = [{"type": "csp-violation", "body": violation}] * 30
    before = count("img-src")
    assert send(json.dumps([{"type": "deprecation", "body": {}}, *reports])) == 204

    assert count("img-src") == before + MAX_REPORTS
    assert {*caplog.messages} == {
        "The content security policy (img-src) blocked https://evil.example on the page result."
    }


@pytest.mark.parametrize(
    "values",
    [
        {
            "effective-directive": "x\nforged",
            "blocked-uri": "x\nforged",
            "document-uri": "x\nforged",
        },
        {"effective-directive": {}, "blocked-uri": ["https://a"], "document-uri": "http://[/"},
        {"effective-directive": None, "blocked-uri": f"https://{'a' * 200}", "document-uri": 7},
    ],
)
def test_nothing_unknown_is_logged(
    values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert send_report(**values) == 204
    assert caplog.messages == [
        "The content security policy (other) blocked other on the page other."
    ]


@pytest.mark.parametrize(
    "content", ["", "{", "[7]", "[{}]", "7", "{}", '{"csp-report": 7}', "[" * 8000, b"\xff"]
)
def test_malformed_report_is_refused(content: str | bytes) -> None:
    assert send(content) == 400


def test_large_report_is_refused() -> None:
    assert send("x" * 33_000) == 413


@pytest.mark.django_db
def test_flood_of_reports_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportThrottle, "requests", 10)
    monkeypatch.setattr(ReportThrottle, "seconds", 3600)
    assert [send_report() for _ in range(11)][-2:] == [204, 429]
    assert send(json.dumps({"csp-report": REPORT}), REMOTE_ADDR="192.0.2.1") == 204
