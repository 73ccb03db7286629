"""URLs of the API."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from classifier.api import corrections, images, labels, models, pictures, runs, uploads

router = SimpleRouter(trailing_slash=False)
router.register("images", images.ImageViewSet, basename="image")
router.register("models", models.ModelViewSet, basename="model")
router.register("runs", runs.RunViewSet, basename="run")

urlpatterns = [
    path("predict", pictures.PredictView.as_view(), name="api-predict"),
    path("predict/many", pictures.PredictManyView.as_view(), name="api-predict-many"),
    path("preview", pictures.PreviewView.as_view(), name="api-preview"),
    path("uploads/<uuid:pk>", uploads.UploadView.as_view(), name="api-upload"),
    path("uploads/<uuid:pk>/receipt", uploads.ReceiptView.as_view(), name="api-receipt"),
    path(
        "uploads/<uuid:pk>/corrections",
        corrections.CorrectionsView.as_view(),
        name="api-corrections",
    ),
    path(
        "uploads/<uuid:pk>/preview",
        corrections.BoxPreviewView.as_view(),
        name="api-preview-boxes",
    ),
    path(
        "images/<uuid:pk>/suggestions",
        uploads.SuggestionsView.as_view(),
        name="api-suggestions",
    ),
    path("labels", labels.LabelsView.as_view(), name="labels"),
    path("labels.npz", labels.NpzView.as_view(), name="labels-npz"),
    path("labels.zip", labels.ZipView.as_view(), name="labels-zip"),
    path("labels/import", labels.ImportView.as_view(), name="labels-import"),
    path("promotions", models.PromotionsView.as_view(), name="promotions"),
    path("promotions/rollback", models.RollbackView.as_view(), name="rollback"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    # The split view has no inline script, which the content security policy would block. Without
    # a metadata class, OPTIONS does not try to describe a page.
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(template_name="swagger.html", metadata_class=None),
        name="docs",
    ),
    path("", include(router.urls)),
]
