"""The API's addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from classifier.api import images, models, pictures, runs

router = SimpleRouter(trailing_slash=False)
router.register("images", images.ImageViewSet, basename="image")
router.register("models", models.ModelViewSet, basename="model")
router.register("runs", runs.RunViewSet, basename="run")

urlpatterns = [
    path("predict", pictures.PredictView.as_view(), name="api-predict"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    # Page and script apart, as the content security policy refuses scripts within a page.
    path("docs", SpectacularSwaggerSplitView.as_view(template_name="swagger.html"), name="docs"),
    path("", include(router.urls)),
]
