"""The pictures on the pages: originals, the model's input, focus maps and exemplars."""

from functools import partial
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from classifier.access.throttles import PictureThrottle, throttled
from classifier.models import InputImage, Upload
from classifier.recognition import imaging
from classifier.recognition.occlusion import Focus
from classifier.uploads import downloads, explanations, pictures

DAY_S = 24 * 3600
YEAR_S = 365 * DAY_S

limited = partial(throttled, throttle=PictureThrottle)


def _get_etag(_request: HttpRequest, upload_id: UUID) -> str | None:
    """Return a tag that changes when the imaging code does; uploads themselves never change."""
    exists = Upload.objects.filter(pk=upload_id).exists()
    return f'"{upload_id}-{imaging.VERSION}"' if exists else None


@require_safe
@condition(etag_func=_get_etag)
@limited
@cache_control(private=True, max_age=DAY_S)
def original(_request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    try:
        preview = pictures.render_upload(upload)
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(preview, content_type="image/jpeg")


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def original_file(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    if not (request.user.is_staff and request.user.has_perm("classifier.view_upload")):
        raise PermissionDenied
    try:
        return downloads.serve_original(get_object_or_404(Upload, pk=upload_id))
    except FileNotFoundError as error:
        raise Http404 from error


@require_safe
@cache_control(private=True, max_age=DAY_S)
def pixels(_request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage, pk=image_id)
    return HttpResponse(pictures.render_pixels(image.array), content_type="image/png")


@require_safe
@limited
@cache_control(private=True, max_age=DAY_S)
def focus(_request: HttpRequest, image_id: UUID) -> HttpResponse:
    return HttpResponse(pictures.render_focus(_get_focus(image_id)), content_type="image/png")


@require_safe
@limited
@cache_control(private=True, max_age=DAY_S)
def focus_text(request: HttpRequest, image_id: UUID) -> HttpResponse:
    context = {"focus": _get_focus(image_id)}
    return render(request, "focus.txt", context, content_type="text/plain; charset=utf-8")


def _get_focus(image_id: UUID) -> Focus:
    try:
        return explanations.load_focus(image_id)
    except explanations.NotExplainable as error:
        raise Http404 from error


@require_safe
@cache_control(public=True, max_age=YEAR_S, immutable=True)
def exemplar(_request: HttpRequest, model: str, number: int) -> HttpResponse:
    try:
        exemplar = explanations.get_exemplar(model, number)
    except explanations.NotExplainable as error:
        raise Http404 from error
    return HttpResponse(pictures.render_pixels(exemplar), content_type="image/png")
