"""Restore the client's address behind nginx."""

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed, ValidationError
from django.core.validators import validate_ipv46_address
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware import GetResponse, Middleware


class ClientAddressMiddleware(Middleware):
    """Sets REMOTE_ADDR from X-Forwarded-For, which only nginx is trusted to send."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.BEHIND_NGINX:
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = request.META.get("HTTP_X_FORWARDED_FOR", "")
        with suppress(ValidationError):
            validate_ipv46_address(address)
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)
