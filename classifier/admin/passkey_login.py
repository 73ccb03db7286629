"""Logging in with a passkey, without name and password."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from classifier.access import logins, passkeys, second_factor
from classifier.access.passkeys import PasskeyRefused
from classifier.admin.second_factor import PASSKEY, get_next

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@csrf_protect
@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    try:
        passkey = passkeys.verify(request, request.POST.get(PASSKEY, ""))
    except PasskeyRefused as error:
        return _refuse(request, error.owner, str(error))
    user = cast(User, passkey.user)
    if not (user.is_active and user.is_staff):
        return _refuse(request, user, _("This account may not log in."))
    login(request, user, BACKEND)
    second_factor.record_success(request, user, passkey)
    response = redirect(get_next(request))
    logins.remember_browser(response, user.get_username())
    return response


def _refuse(request: HttpRequest, owner: User | None, reason: str) -> HttpResponse:
    if owner:
        second_factor.login_refused.send(__name__, request=request, user=owner, factor="passkey")
    messages.error(request, reason)
    return redirect(f"{reverse('admin:login')}?{urlencode({'next': get_next(request)})}")
