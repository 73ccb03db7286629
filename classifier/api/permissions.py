"""Who may use the staff's part of the API."""

from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request
from rest_framework.views import APIView


class StaffWithModelPermission(DjangoModelPermissions):
    """Staff who hold the permission to view or to act, as in the admin."""

    perms_map: dict[str, list[str]] = {
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": [],
        "PATCH": ["%(app_label)s.label_%(model_name)s"],
    }

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_staff) and super().has_permission(request, view)


class StaffWhoTrain(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "POST": ["%(app_label)s.start_%(model_name)s"]
    }


class StaffWhoPromote(StaffWithModelPermission):
    perms_map = StaffWithModelPermission.perms_map | {
        "POST": ["%(app_label)s.promote_%(model_name)s"]
    }
