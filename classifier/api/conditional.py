"""ETags: a client is not sent again what it has, and overwrites nothing that it has not seen.

They are of the content. nginx makes those of compressed answers weak, so weak ones are as good.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

WEAK = "W/"


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "It has changed since you got it. Get it again, and decide anew."


class Conditional(APIView):
    """Answers of status 200 get an ETag; GET with If-None-Match gets 304 where it is the same."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and response.status_code == status.HTTP_200_OK:
            response.add_post_render_callback(lambda rendered: _tag(request, rendered))
        return response


def _tag(request: Request, response: HttpResponse) -> None:
    response.headers["ETag"] = tag = _etag(response.content)
    if request.method == "GET" and _is_among(tag, request.headers.get("If-None-Match", "")):
        response.status_code = status.HTTP_304_NOT_MODIFIED
        response.content = b""
        del response.headers["Content-Type"]


def check_unchanged(request: Request, data: Callable[[], Any]) -> None:
    """Raises PreconditionFailed unless If-Match, where it is there, is of the data.

    For use under the lock of the row that they are of.
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and not _is_among(_etag(JSONRenderer().render(data())), wanted):
        raise PreconditionFailed


def _etag(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def _is_among(tag: str, header: str) -> bool:
    wanted = parse_etags(header)
    return wanted == ["*"] or tag in (each.removeprefix(WEAK) for each in wanted)
