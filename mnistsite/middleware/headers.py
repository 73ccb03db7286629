"""What browsers are told that pages may load and run, and use of the device they are shown on."""

from http import HTTPStatus

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware.guards import GetResponse

# The camera photographs a digit.
PERMISSIONS = "camera=(self), " + ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
)
# Django's own pages for developers hold their style and script within.
FOR_DEVELOPERS = (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)


class PoliciesMiddleware:
    """Builds CONTENT_SECURITY_POLICY once; django-csp's own middleware would for each answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.content = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        if not (settings.DEBUG and response.status_code in FOR_DEVELOPERS):
            response.headers[HEADER] = self.content
        return response
