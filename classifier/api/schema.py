"""OpenAPI schema: the headers and errors that operations have in common."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import alpha_operation_sorter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from classifier.api.conditional import ConditionalView
from classifier.api.problems import MEDIA_TYPE
from classifier.api.serializers import ProblemSerializer

RECOGNITION = ("/api/predict", "/api/preview")
SUCCESS = [200, 201, 202, 204]


def _describe_header(name: str, description: str, on: list[int] | bool) -> OpenApiParameter:
    """Describe a header of the responses with the statuses `on`, or of the request if False."""
    return OpenApiParameter(name, OpenApiTypes.STR, "header", description=description, response=on)


COMMON = [
    _describe_header("X-Request-ID", "The name of this request in the logs.", on=SUCCESS),
    _describe_header("Retry-After", "Seconds to wait before you try again.", on=[429, 503, 507]),
]
AUTHENTICATE = _describe_header("WWW-Authenticate", "How to authenticate.", on=[401])
ETAG = _describe_header("ETag", "For If-None-Match and If-Match.", on=[200, 304])
CONDITIONS = {
    "GET": [ETAG, _describe_header("If-None-Match", "Get a 304 if the ETag is this.", on=False)],
    "PATCH": [ETAG, _describe_header("If-Match", "Get a 412 unless the ETag is this.", on=False)],
}


def rank_operation(endpoint: tuple[str, str, str, Any]) -> tuple[bool, Any]:
    """Return a sort key: recognition first, then by path and method."""
    path = endpoint[0]
    return not path.startswith(RECOGNITION), alpha_operation_sorter(endpoint)  # type: ignore[no-untyped-call]


class Schema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        parameters = [*COMMON, *super().get_override_parameters()]
        if any(self.get_auth()):
            parameters.append(AUTHENTICATE)
        if isinstance(self.view, ConditionalView):
            parameters += CONDITIONS.get(self.method, [])
        return parameters

    def get_auth(self) -> list[Any]:
        """Add the scope that a token needs."""
        rule = getattr(self.view, "rules", {}).get(self.method)
        scopes = [str(rule[1])] if rule else []
        return [{"token": scopes} if "token" in each else each for each in super().get_auth()]

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        for code in self._list_error_statuses():
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ProblemSerializer, code)
        if self.method == "GET" and isinstance(self.view, ConditionalView):
            unchanged = OpenApiResponse(description="Unchanged since the ETag in If-None-Match.")
            bodies["304"] = self._get_response_for_code(unchanged, "304")
        for code, body in bodies.items():
            body["description"] = body["description"] or HTTPStatus(int(code)).phrase
        return dict(sorted(bodies.items()))

    def _list_error_statuses(self) -> list[str]:
        codes = ["400", "406", "503"]
        if self.method != "GET":
            codes += ["507"]
        if self._get_request_body():  # type: ignore[no-untyped-call]
            codes += ["411", "413", "415"]
        if any(self.get_auth()):
            codes += ["401", "403"]
        if "{" in self.path:
            codes += ["404"]
        if self.method == "PATCH" and isinstance(self.view, ConditionalView):
            codes += ["412"]
        if self.view.get_throttles():
            codes += ["429"]
        return codes

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if serializer is ProblemSerializer:
            media_types = [MEDIA_TYPE]
        return super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, media_types, *args, **kwargs
        )
