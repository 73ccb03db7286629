"""Name requests for logs and metrics without the identifiers in their paths."""

from django.conf import settings
from django.http import HttpRequest

MONITORING_PATHS = ("/healthz", "/readyz", "/metrics")


def get_route(request: HttpRequest) -> str:
    """Return the name of the request's URL pattern, or "unknown" if no pattern matches."""
    if request.resolver_match:
        return request.resolver_match.view_name
    if request.path_info in MONITORING_PATHS:
        return request.path_info.removeprefix("/")
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "unknown"
