"""No request causes a server error."""

import os
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client

from classifier.models import ModelVersion, Source
from classifier.recognition.labels import Scope
from classifier.tests import factories
from classifier.uploads import submission
from mnistsite.tests.fuzzing import addresses
from mnistsite.tests.fuzzing.requests import HostileRequest, generate_request

# `make fuzz` raises these limits.
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "400"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
# These get half of the requests, because others are rejected early.
COMMON_ROLES = 4 * ["visitor", "admin", "every scope"]


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
def picture(draw_digit: Callable[..., bytes]) -> bytes:
    return draw_digit(7)


def send(hostile: HostileRequest) -> Any:
    """Return the response, and roll back what the request changed."""
    cache.clear()  # resets throttles
    with transaction.atomic():
        response = hostile.send()
        # Keep the connection of this transaction open.
        request_finished.disconnect(close_old_connections)
        response.close()
        request_finished.connect(close_old_connections)
        transaction.set_rollback(True)
    return response


def find_error(hostile: HostileRequest) -> str:
    """Return how the request fails, or an empty string."""
    response = send(hostile)
    if response.status_code < 500:
        return ""
    error = response.exc_info[1] if response.exc_info else response.content
    return f"{hostile}\n    {response.status_code} {error!r:.300}"


@pytest.mark.slow
@pytest.mark.django_db
def test_no_request_causes_a_server_error(
    roles: dict[str, dict[str, str]], parameters: dict[str, list[str]], picture: bytes
) -> None:
    failures = []
    templates = addresses.list_templates()
    weights = addresses.get_weights(templates)
    deadline = time.monotonic() + SECONDS
    for number in range(REQUESTS):
        if time.monotonic() > deadline:
            break
        random = Random(f"{SEED} {number}")  # noqa: S311
        (template,) = random.choices(templates, weights)
        role = random.choice([*roles, *COMMON_ROLES])
        hostile = generate_request(template, roles[role], parameters, picture, random)
        if failure := find_error(hostile):
            failures.append(f"number {number}, {role}: {failure}")
    assert not failures, "\n".join([f"seed {SEED}", *failures])
