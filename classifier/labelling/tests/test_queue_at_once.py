from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from classifier.labelling import queue, review
from classifier.labelling.selection import Order
from classifier.tests import factories
from classifier.tests.database import wait_for_lock
from classifier.tests.threads import run_in_thread

# These orders choose like others; second looks have no leases.
LIKE_OTHERS = (Order.DECISIVE, Order.ALARMING)
ORDERS = [order for order in Order if order not in (*LIKE_OTHERS, *review.ORDERS)]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_checks")]


def lease(by: User, order: Order) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, 10)]


@pytest.mark.parametrize("order", ORDERS)
def test_concurrent_leases_share_no_image_and_skip_none(
    anna: User, bert: User, order: Order
) -> None:
    items = {factories.create_queue_item(suggestion="1").pk for _ in range(20)}

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            first = lease(anna, order)
            other = thread.submit(run_in_thread, lease, bert, order)
            wait_for_lock(other)
        second = other.result()

    assert len(first) == len(second) == 10
    assert {*first, *second} == items


@pytest.mark.parametrize("order", ORDERS)
def test_lease_does_not_wait_for_an_image_that_is_being_answered(
    anna: User, bert: User, order: Order
) -> None:
    items = [factories.create_queue_item(suggestion="1").pk for _ in range(2)]

    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        queue.record_answer(items[0], "7", anna)
        other = thread.submit(run_in_thread, lease, bert, order)
        wait_for_lock(other)
        assert other.done()
        assert other.result() == [items[1]]
