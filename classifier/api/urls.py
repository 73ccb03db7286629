"""The API's addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from classifier.api import views

router = SimpleRouter(trailing_slash=False)
router.register("images", views.ImageViewSet, basename="image")

urlpatterns = [
    path("predict", views.PredictView.as_view(), name="api-predict"),
    path("models", views.ModelListView.as_view(), name="api-models"),
    path("runs", views.TrainingRunListView.as_view(), name="api-runs"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(), name="docs"),
    path("", include(router.urls)),
]
