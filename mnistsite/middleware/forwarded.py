"""The address of the client, where it comes to nginx and nginx comes to this server."""

from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware.guards import GetResponse


class ClientAddressMiddleware:
    """Takes REMOTE_ADDR from nginx; anybody else could write into the header what they like."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.BEHIND_NGINX:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if _is_address(forwarded):
            request.META["REMOTE_ADDR"] = forwarded
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
