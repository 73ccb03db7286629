"""What went wrong, as programs read it: problem details (RFC 9457)."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext_noop

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = gettext_noop(
    "There is nothing here: the address is wrong, or what it led to has been deleted."
)


@dataclass(frozen=True)
class Problem:
    """`code` never changes for what it stands for; `errors` are the sentences for each field."""

    status: int
    code: str
    detail: str
    errors: dict[str, list[str]] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        found = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        return found | ({"errors": self.errors} if self.errors else {})

    def response(self, headers: dict[str, str] | None = None) -> JsonResponse:
        return JsonResponse(
            self.content(), status=self.status, content_type=MEDIA_TYPE, headers=headers
        )
