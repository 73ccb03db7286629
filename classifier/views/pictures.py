"""The pictures that pages show: what was sent, and what the model saw."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from classifier import downloads, pictures
from classifier.models import InputImage, Upload

A_DAY_S = 24 * 3600


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def original(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    try:
        preview = pictures.preview(upload)
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(preview, content_type="image/jpeg")


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def as_sent(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    if not (request.user.is_staff and request.user.has_perm("classifier.view_upload")):
        raise PermissionDenied
    try:
        return downloads.as_sent(get_object_or_404(Upload, pk=upload_id))
    except FileNotFoundError as error:
        raise Http404 from error


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def seen(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage, pk=image_id)
    return HttpResponse(pictures.png(image), content_type="image/png")
