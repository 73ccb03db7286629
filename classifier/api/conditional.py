"""ETags: spare clients unchanged content, and reject changes to outdated content.

Weak tags count as equal to strong ones, even in If-Match: nginx weakens the tag of every answer
that it compresses. Django's own check rejects weak tags in If-Match, and its 304 drops the headers
of rate limits.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.http import HttpResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = gettext_lazy(
        "It has changed since you read it. Read it again before you change it."
    )


class ConditionalView(APIView):
    """A view whose answers have an ETag. GET with a matching If-None-Match gets a 304.

    No cache stores an answer, because the next user of a browser may be somebody else.
    """

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        if isinstance(response, Response) and response.status_code == status.HTTP_200_OK:
            response.add_post_render_callback(lambda rendered: _add_etag(request, rendered))
        return response


def check_unchanged(request: Request, read_data: Callable[[], Any]) -> None:
    """Raise PreconditionFailed if the request has an If-Match that the data does not match.

    Call it while the row is locked.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return
    if not _is_matched(_hash_content(JSONRenderer().render(read_data())), header):
        raise PreconditionFailed


def _add_etag(request: Request, response: HttpResponse) -> None:
    response.headers["ETag"] = etag = _hash_content(response.content)
    if request.method == "GET" and _is_matched(etag, request.headers.get("If-None-Match", "")):
        response.status_code = status.HTTP_304_NOT_MODIFIED
        response.content = b""
        del response.headers["Content-Type"]


def _hash_content(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def _is_matched(etag: str, header: str) -> bool:
    etags = parse_etags(header)
    return etags == ["*"] or etag in (each.removeprefix("W/") for each in etags)
