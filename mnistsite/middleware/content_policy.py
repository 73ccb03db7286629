"""Set the Content-Security-Policy."""

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware import GetResponse, Middleware


class ContentPolicyMiddleware(Middleware):
    """Sets the policy of the settings, composed once: it is the same for all responses."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self._policy)
        return response
