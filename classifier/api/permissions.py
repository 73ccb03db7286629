"""Who may use the staff's part of the API, and what for if by a token."""

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request
from rest_framework.views import APIView

from classifier.models import ApiToken
from classifier.recognition.labels import Scope


class MissingScope(PermissionDenied):
    default_code = "missing_scope"

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            f"This token has not the scope '{scope}'. Use one that has; the admin makes them."
        )


def check_scope(request: Request, scope: Scope | None) -> None:
    """Raises MissingScope; who came by a session has all scopes."""
    if scope and isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
        raise MissingScope(scope)


class StaffWithModelPermission(DjangoModelPermissions):
    """Staff who hold the permission to view or to act, as in the admin; a token, its scope too."""

    perms_map: dict[str, list[str]] = {
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": [],
        "PATCH": ["%(app_label)s.label_%(model_name)s"],
    }
    scopes_map: dict[str, Scope] = {
        "GET": Scope.READ,
        "HEAD": Scope.READ,
        "PATCH": Scope.LABEL,
    }

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user.is_staff and super().has_permission(request, view)):
            return False
        check_scope(request, self.scopes_map.get(request.method or ""))
        return True


class StaffWhoTrain(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "POST": ["%(app_label)s.start_%(model_name)s"]
    }
    scopes_map = StaffWithModelPermission.scopes_map | {"POST": Scope.TRAIN}


class StaffWhoPromote(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "POST": ["%(app_label)s.promote_%(model_name)s"]
    }
    scopes_map = StaffWithModelPermission.scopes_map | {"POST": Scope.PROMOTE}


class StaffWhoLabel(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "POST": ["%(app_label)s.label_%(model_name)s"]
    }
    scopes_map = StaffWithModelPermission.scopes_map | {"POST": Scope.LABEL}


class StaffWhoImport(StaffWhoLabel):
    scopes_map = StaffWhoLabel.scopes_map | {"POST": Scope.IMPORT}


class StaffWhoExport(StaffWithModelPermission):
    scopes_map = {"GET": Scope.EXPORT, "HEAD": Scope.EXPORT}


class StaffWhoDelete(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "DELETE": ["%(app_label)s.delete_%(model_name)s"]
    }
    scopes_map = {"DELETE": Scope.DELETE}


class StaffWhoSeePromotions(StaffWithModelPermission):
    """By the models' permission; promotions have none of their own."""

    perms_map = {
        "GET": ["classifier.view_modelversion"],
        "HEAD": ["classifier.view_modelversion"],
        "OPTIONS": [],
    }
