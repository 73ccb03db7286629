"""Reports of browsers about what the content security policy blocked.

Anybody can send one, so only known words, routes and origins reach the log.
"""

import json
import logging
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from classifier.access.throttles import AddressThrottle
from mnistsite.env import ORIGIN
from mnistsite.middleware.bodies import content_length
from mnistsite.observability import metrics

MAX_BYTES = 8 * 1024
MAX_ORIGIN_LENGTH = 100
FIELDS = ("effective-directive", "blocked-uri", "document-uri")
DIRECTIVES = {
    *("default-src", "script-src", "script-src-elem", "script-src-attr", "style-src"),
    *("style-src-elem", "style-src-attr", "img-src", "connect-src", "font-src", "media-src"),
    *("object-src", "frame-src", "worker-src", "form-action", "base-uri", "frame-ancestors"),
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
    """Log and count a report in the format of `report-uri`."""
    if not ReportThrottle().allow_request(request, None):
        return HttpResponse(status=429)
    if content_length(request) > MAX_BYTES:
        return HttpResponse(status=413)
    try:
        report = dict(json.loads(request.body)["csp-report"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return HttpResponse(status=400)
    directive, source, page = (str(report.get(name)) for name in FIELDS)
    if directive not in DIRECTIVES:
        directive = OTHER
    metrics.CSP_VIOLATIONS.labels(directive).inc()
    logger.warning(
        "The content security policy (%s) blocked %s on the page %s.",
        directive,
        _name_source(source),
        _name_page(page),
    )
    return HttpResponse(status=204)


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
