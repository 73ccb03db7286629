"""Permissions of staff and scopes of tokens."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from classifier.models import ApiToken
from classifier.recognition.labels import Scope


class MissingScope(PermissionDenied):
    default_code = "missing_scope"

    def __init__(self, scope: Scope) -> None:
        sentence = _(
            "This token does not have the scope '%(scope)s'. Create one that does in the admin."
        )
        super().__init__(sentence % {"scope": scope})


class StaffPermission(BasePermission):
    """Require the same permission as the admin and, of a token, a scope: both by method."""

    rules: dict[str, tuple[str, Scope]]

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_staff or request.method == "OPTIONS":
            return bool(request.user.is_staff)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in self.rules:
            raise MethodNotAllowed(method)
        permission, scope = self.rules[method]
        if not request.user.has_perm(f"classifier.{permission}"):
            return False
        if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
            raise MissingScope(scope)
        return True


class ImagePermission(StaffPermission):
    rules = {
        "GET": ("view_inputimage", Scope.READ),
        "PATCH": ("label_inputimage", Scope.LABEL),
    }


class LabelPermission(StaffPermission):
    rules = {"POST": ("label_inputimage", Scope.LABEL)}


class ImportPermission(StaffPermission):
    rules = {"POST": ("label_inputimage", Scope.IMPORT)}


class ExportPermission(StaffPermission):
    rules = {"GET": ("view_inputimage", Scope.EXPORT)}


class DeletionPermission(StaffPermission):
    rules = {"DELETE": ("delete_upload", Scope.DELETE)}


class ModelPermission(StaffPermission):
    rules = {
        "GET": ("view_modelversion", Scope.READ),
        "POST": ("promote_modelversion", Scope.PROMOTE),
    }


class RunPermission(StaffPermission):
    rules = {
        "GET": ("view_trainingrun", Scope.READ),
        "POST": ("start_trainingrun", Scope.TRAIN),
    }
