"""The Django application of the product."""

from django.apps import AppConfig
from django.utils.translation import gettext

from classifier.recognition.imaging import ImageError


class ClassifierConfig(AppConfig):
    name = "classifier"
    verbose_name = "Digits"

    def ready(self) -> None:
        ImageError.translate = staticmethod(gettext)
