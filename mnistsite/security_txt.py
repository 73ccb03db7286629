"""The file that names a contact for people who find a vulnerability (RFC 9116)."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

# Recommended by RFC 9116 to be less than a year.
VALID_FOR = timedelta(days=180)


@require_safe
def show_contact(_request: HttpRequest) -> HttpResponse:
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + VALID_FOR).strftime("%Y-%m-%dT00:00:00Z")
    text = (
        f"Contact: {settings.SECURITY_CONTACT}\nExpires: {expires}\nPreferred-Languages: en, de\n"
    )
    return HttpResponse(text, "text/plain; charset=utf-8")
