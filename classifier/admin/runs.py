"""The training runs on record."""

from django.contrib import admin

from classifier.admin.read_only import LookOnly
from classifier.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(LookOnly, admin.ModelAdmin):
    list_display = ("started_at", "state", "result", "finished_at", "error")
    list_filter = ("state",)
    list_select_related = ("result",)
    ordering = ("-id",)
