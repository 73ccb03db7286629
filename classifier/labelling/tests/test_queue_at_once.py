"""The labelling queue under several people at the same moment, each on their own connection."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from classifier.labelling import queue
from classifier.labelling.queue import Order
from classifier.tests import factories
from classifier.tests.database import wait_for_lock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_checks")]


def taken(by: User, order: Order) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, 10)]


def taken_meanwhile(by: User, order: Order) -> list[UUID]:
    """Over a connection of its own, for another thread."""
    try:
        return taken(by, order)
    finally:
        connection.close()


@pytest.mark.parametrize("order", Order)
def test_two_people_at_once_never_get_the_same_and_leave_nothing_out(
    anna: User, bert: User, order: Order
) -> None:
    items = {factories.create_queue_item(suggestion="1").pk for _ in range(20)}

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            first = taken(anna, order)
            other = thread.submit(taken_meanwhile, bert, order)
            wait_for_lock(other)
        second = other.result()

    assert len(first) == len(second) == 10
    assert {*first, *second} == items


@pytest.mark.parametrize("order", Order)
def test_nobody_waits_for_an_image_that_is_being_answered(
    anna: User, bert: User, order: Order
) -> None:
    items = [factories.create_queue_item(suggestion="1").pk for _ in range(2)]

    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        queue.record_answer(items[0], "7", anna)
        other = thread.submit(taken_meanwhile, bert, order)
        wait_for_lock(other)
        assert other.done()
        assert other.result() == [items[1]]
