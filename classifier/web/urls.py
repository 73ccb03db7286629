"""URLs of the web pages."""

from django.urls import path

from classifier.web import home, how, mine, pictures, results

urlpatterns = [
    path("", home.index, name="index"),
    path("predict", home.predict, name="predict"),
    path("result/<uuid:upload_id>", results.result, name="result"),
    path("mine", mine.mine, name="mine"),
    path("mine/before/<uuid:last>", mine.mine, name="mine"),
    path("mine/delete", mine.delete_all, name="delete-all-mine"),
    path("delete/<uuid:upload_id>", mine.delete, name="delete-mine"),
    path("suggest/<uuid:image_id>", results.suggest, name="suggest"),
    path("correct/<uuid:upload_id>", results.correct, name="correct"),
    path("upload/<uuid:upload_id>.jpg", pictures.original, name="original"),
    path("upload/<uuid:upload_id>/original", pictures.original_file, name="original-file"),
    path("image/<uuid:image_id>.png", pictures.pixels, name="pixels"),
    path("image/<uuid:image_id>/focus.png", pictures.focus, name="focus"),
    path("image/<uuid:image_id>/focus.txt", pictures.focus_text, name="focus-text"),
    path("exemplar/<slug:model>/<int:number>.png", pictures.exemplar, name="exemplar"),
    path("how", how.how, name="how"),
]
