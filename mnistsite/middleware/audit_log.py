"""Record in the audit log what staff do and see."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import DatabaseError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, QueryDict

from classifier.access.second_factor import login_refused
from classifier.models import ApiToken, AuditAction
from classifier.monitoring import audit_log
from mnistsite.middleware import Middleware
from mnistsite.middleware.audit_actions import IGNORED, VIEWS, name_change
from mnistsite.observability.routes import get_route

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Fields of forms that are no secrets and say what was done.
FIELDS = (
    "label",
    "image",
    "action",
    "_selected_action",
    "reason",
    "name",
    "username",
    "url",
    "scopes",
    "events",
    "is_staff",
    "is_superuser",
    "groups",
)
MAX_VALUE_LENGTH = 200
MAX_VALUES = 100

logger = logging.getLogger(__name__)


class AuditLogMiddleware(Middleware):
    """Writes an entry before the response is sent; a visitor's request costs nothing."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        has_credentials = (
            settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        )
        action = _find_action(request, response) if has_credentials else None
        if action and request.user.is_staff:
            _record_request(request, response, action)
        return response


def _find_action(request: HttpRequest, response: HttpResponse) -> str | None:
    route = get_route(request)
    if request.method in SAFE_METHODS:
        return VIEWS.get(route) if response.status_code < 400 else None
    return None if route in IGNORED else name_change(route)


def _record_request(request: HttpRequest, response: HttpResponse, action: str) -> None:
    token = getattr(request, "auth", None)
    match = request.resolver_match
    parts = match.kwargs if match else {}
    _record(
        user=request.user.get_username(),
        via=f"token {token.name}" if isinstance(token, ApiToken) else "session",
        action=action,
        target=", ".join(str(value) for value in parts.values() if value),
        status=response.status_code,
        details=_list_fields(request),
    )


def _list_fields(request: HttpRequest) -> dict[str, Any]:
    """Return the harmless fields of a form that the view has read."""
    form = getattr(request, "_post", None)
    if not isinstance(form, QueryDict):  # a view may have read a form's body as a file
        return {}
    return {
        name: [value[:MAX_VALUE_LENGTH] for value in form.getlist(name)[:MAX_VALUES]]
        for name in FIELDS
        if name in form
    }


def _record(**values: Any) -> None:
    try:
        audit_log.record_entry(**values)
    except DatabaseError as error:
        message = "An entry of the audit log is lost: %s by %s: %s"
        logger.error(message, values["action"], values["user"], error)


@receiver(user_logged_in)
def record_login(request: HttpRequest, user: User, **_: Any) -> None:
    name = user.get_username()
    _record(user=name, via="session", action=AuditAction.LOG_IN, details=_locate(request))


@receiver(user_logged_out)
def record_logout(user: User | None, **_: Any) -> None:
    if user is not None:
        _record(user=user.get_username(), via="session", action=AuditAction.LOG_OUT)


@receiver(user_login_failed)
def record_failure(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Record a wrong password of an existing user; a lock's refusals would have no end."""
    if request is None or getattr(request, "axes_locked_out", False):
        return
    name = str(credentials.get("username") or "").replace("\0", "")
    if User.objects.filter(username=name[:150]).exists():
        _record(user=name, via="session", action=AuditAction.FAIL_LOGIN, details=_locate(request))


@receiver(login_refused)
def record_refusal(request: HttpRequest, user: User, factor: str, **_: Any) -> None:
    details = _locate(request) | {"factor": factor}
    _record(user=user.get_username(), via="session", action=AuditAction.FAIL_LOGIN, details=details)


def _locate(request: HttpRequest) -> dict[str, str]:
    return {"address": request.META.get("REMOTE_ADDR", "")}
