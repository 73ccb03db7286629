"""The pages of the second factor. Those for codes need no JavaScript."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import segno
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

from classifier.access import passkeys, second_factor
from classifier.access.passkeys import PasskeyRefused

# Fields of forms.
CODE, PASSKEY = "second_factor_code", "second_factor_passkey"
NEW_APP_CODE, NEW_PASSKEY, NEW_NAME = "new_app_code", "new_passkey", "new_name"

View = Callable[..., HttpResponseBase]
Admin = TypeVar("Admin", bound=admin.ModelAdmin)


def confirm_second_factor(view: View) -> View:
    """Ask for a code or a passkey again before a sensitive form takes effect.

    That page contains the fields of the form, so that nothing has to be entered twice.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not second_factor.needs_confirmation(request):
            return view(request, *args, **kwargs)
        user, error = cast(User, request.user), ""
        if CODE in request.POST or PASSKEY in request.POST:
            error = _verify_form(request, user)
            if not error:
                return view(request, *args, **kwargs)
        context = {"title": _("Confirm it is you"), "is_confirmation": True, "error": error}
        return _render_form(request, user, context | {"fields": _list_fields(request)}, 403)

    return wrapper


def confirm_changes(model_admin: type[Admin]) -> type[Admin]:
    """Decorate the views of a ModelAdmin that may change something."""
    for name in ("changeform_view", "changelist_view", "delete_view"):
        model_admin = method_decorator(confirm_second_factor, name=name)(model_admin)
    return model_admin


def _verify_form(request: HttpRequest, user: User) -> str:
    """Verify the passkey or the code in a form; return why it is refused, or ""."""
    if answer := request.POST.get(PASSKEY):
        try:
            passkey = passkeys.verify(request, answer, user)
        except PasskeyRefused as error:
            return str(error)
        second_factor.record_success(request, user, passkey)
        return ""
    if second_factor.verify(request, user, request.POST.get(CODE, "")):
        return ""
    return _explain_refusal(user)


def _explain_refusal(user: User) -> str:
    wait_s = second_factor.get_wait_s(user)
    text = _("This code is wrong or has been used already.")
    if not wait_s:
        return text
    return text + " " + _("Wait %(seconds)s s before you enter another one.") % {"seconds": wait_s}


def _render_form(
    request: HttpRequest, user: User, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = context | {
        "code_field": CODE,
        "passkey_field": PASSKEY,
        "passkey_options": passkeys.build_request_options(request, user),
        "has_app": second_factor.has_app(user),
    }
    return _render(request, "admin/second_factor.html", context, status)


def _render(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return render(request, template, admin.site.each_context(request) | context, status=status)


def _list_fields(request: HttpRequest) -> list[tuple[str, str]]:
    own = (CODE, PASSKEY, "csrfmiddlewaretoken")
    lists = request.POST.lists()
    return [(name, str(value)) for name, values in lists if name not in own for value in values]


@never_cache
@csrf_protect
@sensitive_post_parameters(CODE)
def show_login_step(request: HttpRequest) -> HttpResponseBase:
    """Ask a user who has entered the password for the second factor, or to set one up."""
    user: User | None = request.unverified_user  # type: ignore[attr-defined]
    if not user:
        return redirect(get_next(request) if request.user.is_staff else "admin:login")
    if not second_factor.has_second_factor(user):
        return _set_up(request, user)
    error = ""
    if request.method == "POST":
        error = _verify_form(request, user)
        if not error:
            return redirect(get_next(request))
        factor = "passkey" if PASSKEY in request.POST else "code"
        second_factor.login_refused.send(__name__, request=request, user=user, factor=factor)
    context = {"title": _("Second factor"), "error": error, "next": get_next(request)}
    return _render_form(request, user, context)


@confirm_second_factor
def add_device(request: HttpRequest) -> HttpResponse:
    """Set up another app or passkey."""
    return _set_up(request, cast(User, request.user))


def _set_up(request: HttpRequest, user: User) -> HttpResponse:
    error = ""
    if answer := request.POST.get(NEW_PASSKEY):
        try:
            passkey = passkeys.enrol(request, user, answer, request.POST.get(NEW_NAME, ""))
        except PasskeyRefused as refusal:
            error = str(refusal)
        else:
            second_factor.record_success(request, user, passkey)
            return _finish_setup(request, user)
    elif code := request.POST.get(NEW_APP_CODE):
        if second_factor.enrol_app(request, user, code):
            return _finish_setup(request, user)
        error = _explain_refusal(user)
    context = {
        "title": _("Second factor"),
        "error": error,
        "next": get_next(request),
        "passkey_options": passkeys.build_creation_options(request, user),
        "passkey_obstacle": passkeys.find_obstacle(request),
        "passkey_field": NEW_PASSKEY,
        "name_field": NEW_NAME,
        "code_field": NEW_APP_CODE,
    }
    if not second_factor.has_app(user):
        context |= _describe_new_app(user)
    return _render(request, "admin/set_up_factor.html", context)


def _describe_new_app(user: User) -> dict[str, Any]:
    url = second_factor.get_new_device(user).config_url
    key = url.partition("secret=")[2].partition("&")[0]
    picture = segno.make(url).svg_data_uri(scale=5, border=4, light="white")
    return {"picture": picture, "key": " ".join(key[i : i + 4] for i in range(0, len(key), 4))}


def _finish_setup(request: HttpRequest, user: User) -> HttpResponse:
    if second_factor.count_recovery_codes(user):
        messages.success(request, _("The second factor is set up."))
        return redirect(get_next(request))
    return _show_new_codes(request, user, get_next(request))


def _show_new_codes(request: HttpRequest, user: User, target: str) -> HttpResponse:
    codes = second_factor.create_recovery_codes(user)
    context = {"title": _("Recovery codes"), "codes": codes, "next": target}
    return _render(request, "admin/recovery_codes.html", context)


def get_next(request: HttpRequest) -> str:
    """Return the page to go on with, which has to be one of this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    return reverse("admin:index")


@require_POST
@confirm_second_factor
def renew_codes(request: HttpRequest) -> HttpResponse:
    return _show_new_codes(request, cast(User, request.user), reverse("admin:account"))


@require_POST
@confirm_second_factor
def remove_device(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    devices = {device.persistent_id: device for device in second_factor.list_devices(user)}
    device = devices.get(request.POST.get("device", ""))
    if device is None:
        messages.warning(request, _("This second factor had been removed already."))
    elif second_factor.remove_device(request, user, device):
        messages.success(request, _("The second factor is removed."))
    else:
        messages.error(request, _("This site requires a second factor."))
    return redirect("admin:account")
