"""Permissions of staff and scopes of tokens."""

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
            f"This token does not have the scope '{scope}'. Create one that does in the admin."
        )


class StaffModelPermissions(DjangoModelPermissions):
    """Require the same permissions as the admin and, of a token, the scope of the method."""

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
        scope = self.scopes_map.get(request.method or "")
        if scope and isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
            raise MissingScope(scope)
        return True


class CanTrain(StaffModelPermissions):
    perms_map = StaffModelPermissions.perms_map | {"POST": ["%(app_label)s.start_%(model_name)s"]}
    scopes_map = StaffModelPermissions.scopes_map | {"POST": Scope.TRAIN}


class CanPromote(StaffModelPermissions):
    perms_map = StaffModelPermissions.perms_map | {"POST": ["%(app_label)s.promote_%(model_name)s"]}
    scopes_map = StaffModelPermissions.scopes_map | {"POST": Scope.PROMOTE}


class CanLabel(StaffModelPermissions):
    perms_map = StaffModelPermissions.perms_map | {"POST": ["%(app_label)s.label_%(model_name)s"]}
    scopes_map = StaffModelPermissions.scopes_map | {"POST": Scope.LABEL}


class CanImport(CanLabel):
    scopes_map = CanLabel.scopes_map | {"POST": Scope.IMPORT}


class CanExport(StaffModelPermissions):
    scopes_map = {"GET": Scope.EXPORT, "HEAD": Scope.EXPORT}


class CanDelete(StaffModelPermissions):
    perms_map = StaffModelPermissions.perms_map | {
        "DELETE": ["%(app_label)s.delete_%(model_name)s"]
    }
    scopes_map = {"DELETE": Scope.DELETE}


class CanViewPromotions(StaffModelPermissions):
    """Require the permission to view models; promotions have none of their own."""

    perms_map = {
        "GET": ["classifier.view_modelversion"],
        "HEAD": ["classifier.view_modelversion"],
        "OPTIONS": [],
    }
