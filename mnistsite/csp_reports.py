"""Reports of browsers about what the content security policy blocked.

Anybody can send one, so only known words, routes and origins reach the log.
"""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from classifier.access.throttles import AddressThrottle
from mnistsite.env import ORIGIN
from mnistsite.middleware.bodies import content_length
from mnistsite.observability import metrics

MAX_BYTES = 32 * 1024
MAX_REPORTS = 20  # of one request
MAX_ORIGIN_LENGTH = 100
# The names of the same values in the formats of `report-uri` and `report-to`.
FIELDS = ("effective-directive", "blocked-uri", "document-uri")
NEW_FIELDS = ("effectiveDirective", "blockedURL", "documentURL")
DIRECTIVES = {
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "img-src",
    "connect-src",
    "font-src",
    "media-src",
    "object-src",
    "frame-src",
    "worker-src",
    "form-action",
    "base-uri",
    "frame-ancestors",
}
SOURCES = {"inline", "eval", "wasm-eval", "data", "blob"}
OTHER = "other"

logger = logging.getLogger(__name__)


class ReportThrottle(AddressThrottle):
    scope = "report"
    requests = 30
    seconds = 60.0


@csrf_exempt
@require_POST
def receive_report(request: HttpRequest) -> HttpResponse:
    """Log and count reports in the format of `report-uri` or of `report-to`."""
    if not ReportThrottle().allow_request(request, None):
        return HttpResponse(status=429)
    if content_length(request) > MAX_BYTES:
        return HttpResponse(status=413)
    try:
        violations = _read_violations(json.loads(request.body))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    for violation in violations[:MAX_REPORTS]:
        _record(*violation)
    return HttpResponse(status=204)


def _read_violations(content: Any) -> list[list[str]]:
    """Return the directive, the source and the page of each violation."""
    if isinstance(content, dict):
        fields, bodies = FIELDS, [content["csp-report"]]
    else:
        fields = NEW_FIELDS
        bodies = [report["body"] for report in content if report["type"] == "csp-violation"]
    return [[str(body.get(name)) for name in fields] for body in bodies]


def _record(directive: str, source: str, page: str) -> None:
    if directive not in DIRECTIVES:
        directive = OTHER
    metrics.CSP_VIOLATIONS.labels(directive).inc()
    logger.warning(
        "The content security policy (%s) blocked %s on the page %s.",
        directive,
        _name_source(source),
        _name_page(page),
    )


def _name_source(uri: str) -> str:
    if uri in SOURCES:
        return uri
    origin = "/".join(uri.split("/", 3)[:3])
    is_origin = len(origin) <= MAX_ORIGIN_LENGTH and ORIGIN.fullmatch(origin)
    return origin if is_origin else OTHER


def _name_page(uri: str) -> str:
    try:
        return resolve(urlsplit(uri).path).view_name
    except (ValueError, Resolver404):
        return OTHER
