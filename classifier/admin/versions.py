"""The models on record."""

from django.contrib import admin

from classifier.admin.read_only import LookOnly
from classifier.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(LookOnly, admin.ModelAdmin):
    list_display = ("name", "state", "accuracy", "learnt_from", "created_at")
    list_filter = ("state",)
    ordering = ("-id",)

    @admin.display(description="accuracy on the test split")
    def accuracy(self, version: ModelVersion) -> str:
        accuracy = version.metrics.get("test", {}).get("accuracy")
        return "–" if accuracy is None else f"{accuracy:.2%}"

    @admin.display(description="learnt from")
    def learnt_from(self, version: ModelVersion) -> str:
        sample = " (SAMPLE of MNIST)" if version.is_sample else ""
        corrected = len(version.snapshot.get("corrected", []))
        return f"{version.snapshot.get('images', 0):,} images, {corrected:,} uploads{sample}"
