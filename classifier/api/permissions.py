"""Permissions of staff and scopes of tokens."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from classifier.access import second_factor
from classifier.models import ApiToken
from classifier.recognition.labels import Scope

Rule = tuple[str, Scope]

# Permissions that a session has only for minutes after the second factor was entered.
CONFIRMED = {"promote_modelversion", "delete_upload"}


class MissingScope(PermissionDenied):
    default_code = "missing_scope"

    def __init__(self, scope: Scope) -> None:
        sentence = _(
            "This token does not have the scope '%(scope)s'. Create one that does in the admin."
        )
        super().__init__(sentence % {"scope": scope})


class ConfirmationMissing(PermissionDenied):
    default_code = "second_factor"
    default_detail = gettext_lazy(
        "Your second factor was entered too long ago for this. Use a token, or the staff pages, "
        "which ask for it again."
    )


class StaffPermission(BasePermission):
    """Require the same permission as the admin and, of a token, a scope.

    The view's `rules` name both for each method.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_staff or request.method == "OPTIONS":
            return bool(request.user.is_staff)
        rules: dict[str, Rule] = getattr(view, "rules", {})
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in rules:
            raise MethodNotAllowed(method)
        permission, scope = rules[method]
        if not request.user.has_perm(f"classifier.{permission}"):
            return False
        if isinstance(request.auth, ApiToken):
            if scope not in request.auth.scopes:
                raise MissingScope(scope)
        elif permission in CONFIRMED and second_factor.needs_confirmation(request._request):
            raise ConfirmationMissing
        return True
