"""The pages on which visitors see and delete their own uploads."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.access import visitors
from classifier.models import Upload
from classifier.uploads import deletion, history


@require_safe
@cache_control(private=True, no_store=True)
def mine(request: HttpRequest, last: UUID | None = None) -> HttpResponse:
    visitor = visitors.get_visitor(request)
    page = history.load_page(visitor, before=last) if visitor else history.HistoryPage()
    return render(request, "mine.html", {"page": page})


@require_POST
def delete(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    if not visitors.is_sender(request, upload):
        detail = _(
            "A picture can only be deleted from the browser that sent it. If that is not possible, "
            "ask the staff of this site."
        )
        return render(request, "error.html", {"detail": detail}, status=403)
    deleted = deletion.delete_uploads([upload.pk])
    messages.success(request, _("The picture has been deleted."))
    _warn_of_files_left(request, deleted)
    return redirect("mine")


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def delete_all(request: HttpRequest) -> HttpResponse:
    visitor = visitors.get_visitor(request)
    uploads = history.list_uploads(visitor) if visitor else Upload.objects.none()
    if not visitor or not uploads.exists():
        return redirect("mine")
    if request.method == "POST":
        deleted = deletion.delete_by_visitor(visitor)
        if deleted.has_uploads_left:
            messages.success(request, _("Your pictures are being deleted. It takes a few minutes."))
        else:
            messages.success(request, _("Your pictures have been deleted."))
        _warn_of_files_left(request, deleted)
        return redirect("mine")
    dependents = deletion.count_dependents(uploads.values_list("pk", flat=True))
    context = {"picture_count": uploads.count(), "dependents": dependents}
    return render(request, "mine_delete.html", context)


def _warn_of_files_left(request: HttpRequest, deleted: deletion.DeletionResult) -> None:
    if deleted.files_left:
        messages.warning(request, _(deletion.FILES_LEFT_MESSAGE))
