"""Send hostile requests to this process's site."""

from collections.abc import Mapping
from random import Random
from typing import Any

from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client

from mnistsite.tests.fuzzing import addresses
from mnistsite.tests.fuzzing.requests import HostileRequest, generate_request

# These get half of the requests, because others are rejected early.
COMMON_ROLES = 4 * ["visitor", "admin", "every scope"]


class HostileClient:
    """Generates requests to every URL in every role, sends them, and finds server errors."""

    def __init__(
        self,
        roles: Mapping[str, Mapping[str, str]],
        parameters: Mapping[str, list[str]],
        picture: bytes,
    ) -> None:
        self._roles, self._parameters, self._picture = roles, parameters, picture
        self._templates = addresses.list_templates()
        self._weights = addresses.get_weights(self._templates)
        self._client = Client(raise_request_exception=False)  # loads the middleware once

    def send_random_request(self, random: Random) -> None:
        """Send a request. Raise AssertionError if it fails."""
        (template,) = random.choices(self._templates, self._weights)
        role = random.choice([*self._roles, *COMMON_ROLES])
        hostile = generate_request(
            template, self._roles[role], self._parameters, self._picture, random
        )
        response = self._send(hostile)
        if response.status_code >= 500:
            error = response.exc_info[1] if response.exc_info else response.content
            raise AssertionError(f"{role}: {hostile}\n {response.status_code} {error!r:.300}")

    def _send(self, hostile: HostileRequest) -> Any:
        """Return the response, and roll back what the request changed."""
        self._client.cookies.clear()
        with transaction.atomic():
            response = hostile.send(self._client)
            # Keep the connection of this transaction open.
            request_finished.disconnect(close_old_connections)
            response.close()
            request_finished.connect(close_old_connections)
            transaction.set_rollback(True)
        return response
