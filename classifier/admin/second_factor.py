"""The pages of the second factor, none of which needs JavaScript."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import segno
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from classifier.access import second_factor

CODE = "second_factor_code"
View = Callable[..., HttpResponseBase]
Admin = TypeVar("Admin", bound=admin.ModelAdmin)


def confirm_second_factor(view: View) -> View:
    """Ask for a code again before a sensitive form takes effect.

    The page that asks holds the fields of the form, so that nothing has to be entered twice.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not second_factor.needs_confirmation(request):
            return view(request, *args, **kwargs)
        user = cast(User, request.user)
        code = request.POST.get(CODE)
        if code is not None and second_factor.verify(request, user, code):
            return view(request, *args, **kwargs)
        error = "" if code is None else _explain_refusal(user)
        context = _build_context(request, _("Confirm it is you")) | {
            "error": error,
            "is_confirmation": True,
            "fields": _list_fields(request),
        }
        return render(request, "admin/second_factor.html", context)

    return wrapper


def _list_fields(request: HttpRequest) -> list[tuple[str, str]]:
    own = (CODE, "csrfmiddlewaretoken")
    lists = request.POST.lists()
    return [(name, str(value)) for name, values in lists if name not in own for value in values]


def confirm_changes(model_admin: type[Admin]) -> type[Admin]:
    """Decorate the views of a ModelAdmin that may change something."""
    for name in ("changeform_view", "changelist_view", "delete_view"):
        model_admin = method_decorator(confirm_second_factor, name=name)(model_admin)
    return model_admin


@never_cache
@csrf_protect
@sensitive_post_parameters(CODE)
def show_code_page(request: HttpRequest) -> HttpResponse:
    """Ask for a code or, the first time, set the second factor up."""
    unverified: User | None = request.unverified_user  # type: ignore[attr-defined]
    user = unverified or request.user
    if not isinstance(user, User) or not user.is_staff:
        return redirect("admin:login")
    is_new = not second_factor.has_second_factor(user)
    if not is_new and not unverified:
        return redirect(_get_next(request))
    error = ""
    if request.method == "POST":
        code = request.POST.get(CODE, "")
        if is_new and (codes := second_factor.enrol(request, user, code)):
            return _show_codes(request, codes, _get_next(request))
        if not is_new and second_factor.verify(request, user, code):
            return redirect(_get_next(request))
        error = _explain_refusal(user)
    context = _build_context(request, _("Second factor")) | {
        "error": error,
        "next": _get_next(request),
    }
    if is_new:
        context |= _describe_device(user)
    return render(request, "admin/second_factor.html", context)


def _describe_device(user: User) -> dict[str, Any]:
    device = second_factor.get_new_device(user)
    url = device.config_url
    key = url.partition("secret=")[2].partition("&")[0]
    picture = segno.make(url).svg_data_uri(scale=5, border=4, light="white")
    return {"picture": picture, "key": " ".join(key[i : i + 4] for i in range(0, len(key), 4))}


def _explain_refusal(user: User) -> str:
    wait_s = second_factor.get_wait_s(user)
    text = _("This code is wrong or has been used already.")
    if not wait_s:
        return text
    return text + " " + _("Wait %(seconds)s s before you enter another one.") % {"seconds": wait_s}


def _get_next(request: HttpRequest) -> str:
    """Return the page to go on with, which has to be one of this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    return reverse("admin:index")


def _build_context(request: HttpRequest, title: str) -> dict[str, Any]:
    return admin.site.each_context(request) | {"title": title, "code_field": CODE}


def _show_codes(request: HttpRequest, codes: list[str], target: str) -> HttpResponse:
    context = _build_context(request, _("Recovery codes")) | {"codes": codes, "next": target}
    return render(request, "admin/recovery_codes.html", context)


@require_POST
@confirm_second_factor
def renew_codes(request: HttpRequest) -> HttpResponse:
    codes = second_factor.create_recovery_codes(cast(User, request.user))
    return _show_codes(request, codes, reverse("admin:account"))


@require_POST
@confirm_second_factor
def remove(request: HttpRequest) -> HttpResponse:
    if settings.REQUIRE_SECOND_FACTOR:
        messages.error(request, _("This site requires a second factor."))
    elif second_factor.remove(cast(User, request.user)):
        request.session[second_factor.HAS_FACTOR] = False
        messages.success(request, _("The second factor is removed."))
    return redirect("admin:account")
