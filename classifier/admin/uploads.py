"""The files that people sent."""

from uuid import UUID

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from classifier.admin.paging import KeysFirst
from classifier.admin.read_only import LookOnly
from classifier.models import Upload


def original_picture(upload_id: UUID | None) -> SafeString:
    return format_html(
        '<img class="original" src="{}" alt="the picture as it was sent">',
        reverse("original", args=[upload_id]),
    )


@admin.register(Upload)
class UploadAdmin(LookOnly, admin.ModelAdmin):
    list_display = ("created_at", "source", "media_type", "width", "height", "size")
    list_filter = ("source", "media_type")
    ordering = ("-created_at",)
    paginator = KeysFirst
    show_full_result_count = False
    fields = (
        "original",
        "source",
        "media_type",
        "width",
        "height",
        "size",
        "sha256",
        "created_at",
    )
    readonly_fields = fields

    @admin.display(description="original")
    def original(self, upload: Upload) -> SafeString:
        return original_picture(upload.pk)
