"""The web pages' addresses."""

from django.urls import path

from classifier import views

urlpatterns = [
    path("", views.index, name="index"),
    path("predict", views.predict, name="predict"),
    path("result/<uuid:upload_id>", views.result, name="result"),
    path("suggest/<uuid:image_id>", views.suggest, name="suggest"),
    path("upload/<uuid:upload_id>.jpg", views.original, name="original"),
    path("upload/<uuid:upload_id>/original", views.as_sent, name="as-sent"),
    path("image/<uuid:image_id>.png", views.seen, name="seen"),
]
