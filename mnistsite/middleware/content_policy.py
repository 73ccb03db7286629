"""Set the Content-Security-Policy, and where browsers send reports about it."""

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware import GetResponse, Middleware


class ContentPolicyMiddleware(Middleware):
    """Sets the policy of the settings, composed once: it is the same for all responses."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._headers = {HEADER: build_policy()}
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        if group := directives.get("report-to"):
            [address] = directives["report-uri"]
            self._headers["Reporting-Endpoints"] = f'{group}="{address}"'

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        return response
