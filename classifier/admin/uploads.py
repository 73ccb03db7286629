"""Uploaded files: viewing them, and deleting them with everything derived from them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classifier.admin.lists import FieldFilter, LongListAdmin
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.admin.second_factor import confirm_changes
from classifier.models import Upload
from classifier.recognition.imaging.decode import MEDIA_TYPES
from classifier.uploads import deletion

# The fields of DependentCounts.
DEPENDENTS = {
    "images": _("images"),
    "labels": _("labels"),
    "label_changes": _("label changes"),
    "suggestions": _("suggestions"),
    "predictions": _("predictions"),
}


def render_original(upload_id: UUID | None) -> SafeString:
    return format_html(
        '<img class="original" src="{}" alt="{}">',
        reverse("original", args=[upload_id]),
        gettext("the uploaded picture"),
    )


class MediaTypeFilter(FieldFilter):
    """A filter by the accepted types. Reading those in use takes a second for a million uploads."""

    title = _("media type")
    parameter_name = "media_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each, each) for each in sorted({*MEDIA_TYPES.values()})]


@admin.register(Upload)
@confirm_changes
class UploadAdmin(ReadOnlyAdmin, LongListAdmin):
    list_display = ("thumbnail", "created_at", "source", "media_type", "dimensions", "file_size")
    list_per_page = 50
    list_filter = ("source", MediaTypeFilter)
    ordering = ("-created_at",)
    fields = (
        "original",
        "original_file",
        "source",
        "media_type",
        "dimensions",
        "file_size",
        "sha256",
        "created_at",
    )
    readonly_fields = fields

    @admin.display(description=_("picture"))
    def thumbnail(self, upload: Upload) -> SafeString:
        return format_html(
            '<img class="thumbnail" src="{}" width="64" height="64" alt="{}" loading="lazy">',
            reverse("original", args=[upload.pk]),
            upload,
        )

    @admin.display(description=_("dimensions"))
    def dimensions(self, upload: Upload) -> str:
        return f"{upload.width} × {upload.height}"

    @admin.display(description=_("size"), ordering="size")
    def file_size(self, upload: Upload) -> str:
        return filesizeformat(upload.size)

    @admin.display(description=_("original"))
    def original(self, upload: Upload) -> SafeString:
        return render_original(upload.pk)

    @admin.display(description=_("file"))
    def original_file(self, upload: Upload) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("original-file", args=[upload.pk]),
            gettext("Download the original with all its metadata"),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Upload | None = None) -> bool:
        return request.user.has_perm("classifier.delete_upload")

    def get_deleted_objects(
        self, objs: Iterable[Upload], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Count the rows to delete, for which the permission to delete uploads suffices."""
        uploads = {upload.pk: str(upload) for upload in objs}
        counts = {gettext("uploads"): len(uploads)} | {
            str(DEPENDENTS[name]): count
            for name, count in asdict(deletion.count_dependents(uploads)).items()
        }
        return [*uploads.values()], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Upload) -> None:
        deletion.delete_uploads([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> None:
        deleted = deletion.delete_uploads(list(queryset.values_list("pk", flat=True)))
        if deleted.files_left:
            messages.warning(request, gettext(deletion.FILES_LEFT_MESSAGE))
