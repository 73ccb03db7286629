"""Little of MNIST in the database."""

import pytest
from django.core.management import call_command

from classifier.models import InputImage


@pytest.fixture
def sample() -> None:
    """Only what a test can train on in seconds."""
    call_command("loadmnist", sample=True, verbosity=0)


@pytest.fixture
def few(sample: None) -> None:
    """As little of it as a run takes."""
    keep = InputImage.objects.filter(is_training=True).order_by("id")[:1_500]
    InputImage.objects.filter(is_training=True).exclude(pk__in=keep.values("pk")).delete()
