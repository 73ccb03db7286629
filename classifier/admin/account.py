"""The page of a person's account: the second factor, and the sessions, which can be ended."""

import re
from typing import cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from classifier.access import second_factor, sessions
from classifier.admin.second_factor import confirm_second_factor

# In this order, because each name contains those of the browsers that it imitates.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def show_account(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    rows = list(sessions.list_sessions(user))
    for row in rows:
        row.browser = name_browser(row.browser)
    context = admin.site.each_context(request) | {
        "title": _("Account"),
        "devices": second_factor.list_devices(user),
        "codes_left": second_factor.count_recovery_codes(user),
        "is_required": settings.REQUIRE_SECOND_FACTOR,
        "sessions": rows,
        "own_key": sessions.hash_key(request.session.session_key or ""),
        "sees_all": user.has_perm("classifier.view_session"),
    }
    return render(request, "admin/account.html", context)


@require_POST
@confirm_second_factor
def end_session(request: HttpRequest) -> HttpResponse:
    if sessions.end_session(cast(User, request.user), request.POST.get("session", "")):
        messages.success(request, _("The session has ended."))
    else:
        messages.warning(request, _("The session had ended already."))
    return redirect("admin:account")


def name_browser(agent: str) -> str:
    """Return a User-Agent header in words, such as "Firefox on Linux"."""
    browser = next((name for part, name in BROWSERS.items() if f"{part}/" in agent), "")
    system = next((name for part, name in SYSTEMS.items() if part in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or re.sub(r"[\s/].*", "", agent) or _("unknown")
