"""No request causes a server error."""

from random import Random

import pytest

from mnistsite.tests.fuzzing.hostile_client import HostileClient

REQUESTS = 400  # `make fuzz` sends more


@pytest.mark.slow
@pytest.mark.django_db
def test_no_request_causes_a_server_error(
    roles: dict[str, dict[str, str]], parameters: dict[str, list[str]], picture: bytes
) -> None:
    client = HostileClient(roles, parameters, picture)
    for number in range(REQUESTS):
        client.send_random_request(Random(number))  # noqa: S311
