"""The workshop: making models from labelled images."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
