"""The API's conventions in its OpenAPI schema: what every operation may take and answer."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from classifier.api.conditional import Conditional
from classifier.api.problems import MEDIA_TYPE
from classifier.api.serializers import ProblemSerializer

DONE = [200, 201, 202, 204]


def _header(name: str, description: str, on: list[int] | bool) -> OpenApiParameter:
    """One of the answers with the statuses `on` or, with none, of the request."""
    return OpenApiParameter(name, OpenApiTypes.STR, "header", description=description, response=on)


ALWAYS = [
    _header("X-Request-ID", "What the server's log calls this request.", on=DONE),
    _header("Retry-After", "Seconds to wait before it is sent again.", on=[429, 503, 507]),
]
THROTTLED = [
    _header("RateLimit-Policy", '`"predict";q=20;w=1`: 20 a second.', on=[*DONE, 429]),
    _header("RateLimit", '`"predict";r=19;t=1`: 19 are left; more in 1 s.', on=[*DONE, 429]),
]
KNOWN = [_header("WWW-Authenticate", "How to say who asks.", on=[401])]
TAGGED = [_header("ETag", "Of this content; for If-None-Match and If-Match.", on=[200, 304])]
SAME = "It is what If-None-Match names."
IF_NONE_MATCH = _header("If-None-Match", "The ETag of what is known already: then 304.", on=False)
IF_MATCH = _header("If-Match", "The ETag of what is changed: 412 if it is out of date.", on=False)


class Schema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        found = [*ALWAYS, *super().get_override_parameters()]
        found += THROTTLED if self.view.get_throttles() else []
        found += KNOWN if any(self.get_auth()) else []
        if isinstance(self.view, Conditional):
            asked = {"GET": [*TAGGED, IF_NONE_MATCH], "PATCH": [*TAGGED, IF_MATCH]}
            found += asked.get(self.method, [])
        return found

    def get_auth(self) -> list[Any]:
        """With the scope that a token needs."""
        maps = (getattr(each, "scopes_map", {}) for each in self.view.get_permissions())
        scopes = [str(scopes[self.method]) for scopes in maps if self.method in scopes]
        return [{"token": scopes} if "token" in each else each for each in super().get_auth()]

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        for code in self._problems():
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ProblemSerializer, code)
        if self.method == "GET" and isinstance(self.view, Conditional):
            bodies["304"] = self._get_response_for_code(OpenApiResponse(description=SAME), "304")
        for code, body in bodies.items():
            body["description"] = body["description"] or HTTPStatus(int(code)).phrase
        return dict(sorted(bodies.items()))

    def _problems(self) -> list[str]:
        codes = ["406", "503"]
        if self.method != "GET":
            codes += ["507"]
        if self._get_request_body():  # type: ignore[no-untyped-call]
            codes += ["400", "411", "413", "415"]
        if self._is_list_view():
            codes += ["400"]
        if any(self.get_auth()):
            codes += ["401", "403"]
        if "{" in self.path:
            codes += ["404"]
        if self.method == "PATCH" and isinstance(self.view, Conditional):
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
