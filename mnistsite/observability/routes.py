"""What a request asked for, by a name that, unlike its path, tells nothing of anybody's picture."""

from django.conf import settings
from django.http import HttpRequest

MONITORED = ("/healthz", "/readyz", "/metrics")
STATIC = "static"
UNKNOWN = "unknown"


def route(request: HttpRequest) -> str:
    """The name of the address's pattern; all addresses that lead nowhere have one in common."""
    if request.resolver_match:
        return request.resolver_match.view_name
    if request.path_info in MONITORED:
        return request.path_info.removeprefix("/")
    return STATIC if request.path_info.startswith(settings.STATIC_URL) else UNKNOWN
