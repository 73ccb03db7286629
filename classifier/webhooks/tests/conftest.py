"""A receiver for the tests of deliveries."""

from collections.abc import Iterator

import pytest

from classifier.tests.webhook_receiver import Receiver, run_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver
