"""Fixtures: what hostile requests contain that exists on the site."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import ModelVersion, Source
from classifier.recognition.labels import Scope
from classifier.tests import factories
from classifier.tests.pictures import Draw
from classifier.uploads import submission
from mnistsite.tests.table import print_table


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    print_table(terminalreporter, config)


def log_in(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


@pytest.fixture
def roles(admin_user: User, labeller: User, outsider: User) -> dict[str, dict[str, str]]:
    """The headers of each kind of client."""
    users = {"admin": admin_user, "labeller": labeller, "outsider": outsider}
    return {
        "visitor": {},
        "wrong token": {"Authorization": "Bearer mns_nothing"},
        **{name: log_in(user) for name, user in users.items()},
        "every scope": factories.create_token_header(admin_user),
        **{f"scope {scope}": factories.create_token_header(admin_user, scope) for scope in Scope},
    }


@pytest.fixture
def parameters(champion: ModelVersion, picture: bytes, admin_user: User) -> dict[str, list[str]]:
    """Existing values of URL parameters."""
    stored = submission.classify_picture(picture, Source.API)
    upload, image = str(stored.id), str(stored.digits[0].id)
    return {
        "pk": [upload, image, "1"],
        "upload_id": [upload],
        "image_id": [image],
        "last": [upload],
        "name": [champion.name],
        "model": [champion.name],
        "number": ["0"],
        "object_id": [upload, image, str(champion.pk), str(admin_user.pk), "1"],
        "version_id": [str(champion.pk)],
        "id": [str(admin_user.pk)],
        "app_label": ["classifier"],
        "content_type_id": ["1", "7"],
        "url": ["classifier", "login", "nothing/at/all"],
    }


@pytest.fixture
def picture(draw_digit: Draw) -> bytes:
    return draw_digit(7)
