"""User accounts: a role instead of single permissions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from classifier.admin.second_factor import confirm_changes, confirm_second_factor

admin.site.unregister(User)
# These pages show keys and codes. Staff manage their second factors on the account page.
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


# The names of the groups that a migration creates, as pages show them.
ROLES = (gettext_noop("Labeller"), gettext_noop("Trainer"), gettext_noop("Operator"))

# Texts of Django that its German catalogue lacks.
UNTRANSLATED = (
    gettext_noop("Reset password"),
    gettext_noop("Raw passwords are not stored, so there is no way to see the user’s password."),
)


class RoleField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return gettext(obj.name)


class RoleFilter(admin.RelatedFieldListFilter):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        groups = super().field_choices(field, request, model_admin)
        return [(pk, gettext(str(name))) for pk, name in groups]


@admin.register(User)
@method_decorator(confirm_second_factor, name="user_change_password")
@confirm_changes
class AccountAdmin(UserAdmin):
    """Accounts. Only superusers may change superusers and single permissions."""

    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            _("Role"),
            {
                "fields": ("is_active", "is_staff", "groups"),
                "description": _(
                    "Staff status lets a person log in; the roles say what they may do."
                ),
            },
        ),
        (
            _("Single permissions"),
            {"fields": ("is_superuser", "user_permissions"), "classes": ("collapse",)},
        ),
        (
            _("Personal info"),
            {
                "fields": ("first_name", "last_name", "email", "last_login", "date_joined"),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "roles", "is_staff", "is_active", "last_login")
    list_filter = (("groups", RoleFilter), "is_staff", "is_active")
    filter_horizontal = ("user_permissions",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = () if request.user.is_superuser else ("is_superuser", "user_permissions")
        return (*self.readonly_fields, *own)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        return RoleField(
            Group.objects.order_by("name"),
            widget=forms.CheckboxSelectMultiple,
            required=False,
            label=_("Roles"),
        )

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        names = ", ".join(gettext(group.name) for group in user.groups.all())
        return str(_("Superuser")) if user.is_superuser else names
