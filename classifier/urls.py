"""The web pages' addresses."""

from django.urls import path

from classifier.views import pictures, results, sending

urlpatterns = [
    path("", sending.index, name="index"),
    path("predict", sending.predict, name="predict"),
    path("result/<uuid:upload_id>", results.result, name="result"),
    path("suggest/<uuid:image_id>", results.suggest, name="suggest"),
    path("upload/<uuid:upload_id>.jpg", pictures.original, name="original"),
    path("upload/<uuid:upload_id>/original", pictures.as_sent, name="as-sent"),
    path("image/<uuid:image_id>.png", pictures.seen, name="seen"),
]
