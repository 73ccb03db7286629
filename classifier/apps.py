"""The Django application of the product."""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ClassifierConfig(AppConfig):
    name = "classifier"
    verbose_name = _("Digits")
    default = True


class StaffSite(AdminSite):
    """The admin, with an overview on its first page and a menu instead of a side bar."""

    enable_nav_sidebar = False
    empty_value_display = "–"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from classifier.admin.menu import build_menu

        context: dict[str, Any] = super().each_context(request)
        return context | {
            "menu": build_menu(context["available_apps"]),
            "has_grid": not settings.HIDE_GUESS,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from classifier.access import logins, passkeys

        if request.method == "GET" and request.unverified_user:  # type: ignore[attr-defined]
            return redirect(f"{reverse('admin:second_factor')}?{request.GET.urlencode()}")
        context = {"passkey_options": passkeys.build_request_options(request)}
        return logins.log_in(
            request, partial(super().login, request, context | (extra_context or {}))
        )

    def password_change(self, request: HttpRequest, *args: Any) -> Any:
        from classifier.admin.second_factor import confirm_second_factor

        return confirm_second_factor(super().password_change)(request, *args)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from classifier.admin import account, passkey_login
        from classifier.admin import second_factor as factor

        own = [
            path("account/", self.admin_view(account.show_account), name="account"),
            path("account/end/", self.admin_view(account.end_session), name="end_session"),
            path("account/codes/", self.admin_view(factor.renew_codes), name="renew_codes"),
            path("account/add/", self.admin_view(factor.add_device), name="add_device"),
            path("account/remove/", self.admin_view(factor.remove_device), name="remove_device"),
            # Not admin_views: without the second factor, a user counts as logged out.
            path("second-factor/", factor.show_login_step, name="second_factor"),
            path("login/passkey/", passkey_login.log_in, name="passkey_login"),
        ]
        return own + super().get_urls()

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        from classifier.admin.overview import build_overview  # models load after this module

        overview = build_overview(cast("User", request.user))
        return super().index(request, overview | (extra_context or {}))


class StaffAdminConfig(apps.AdminConfig):
    default = False
    default_site = "classifier.apps.StaffSite"
