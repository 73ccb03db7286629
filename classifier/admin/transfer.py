"""The page to import and export labelled pictures, which calls the API from the browser."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classifier.models import InputImage
from classifier.recognition.labels import Label
from classifier.uploads import archives


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    labelled = InputImage.objects.uploaded().exclude(label=Label.UNKNOWN)
    context = {
        **admin.site.each_context(request),
        "title": _("Import and export"),
        "labelled": labelled.count(),
        "max_pictures": archives.MAX_PICTURES,
        "max_mb": settings.MAX_UPLOAD_MB,
    }
    return render(request, "admin/classifier/inputimage/transfer.html", context)
