"""The product: recognising, storing, labelling and serving."""

from django.apps import AppConfig


class ClassifierConfig(AppConfig):
    name = "classifier"
    verbose_name = "Digits"
