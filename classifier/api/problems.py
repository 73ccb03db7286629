"""Problem details (RFC 9457): the form of every error of the API."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext_noop

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = gettext_noop(
    "There is nothing here. The address is wrong, or its content has been deleted."
)
NO_UPLOAD = gettext_noop("There is no upload with this id. It may have been deleted.")
NO_IMAGE = gettext_noop("There is no image with this id. It may have been deleted.")


@dataclass(frozen=True)
class Problem:
    """An error. `code` is stable, for programs; `errors` maps fields to their messages."""

    status: int
    code: str
    detail: str
    errors: dict[str, list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        content = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        return content | ({"errors": self.errors} if self.errors else {})

    def to_response(self, headers: dict[str, str] | None = None) -> JsonResponse:
        return JsonResponse(
            self.to_json(), status=self.status, content_type=MEDIA_TYPE, headers=headers
        )
