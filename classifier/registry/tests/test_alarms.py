import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.labelling import queue
from classifier.labelling.selection import Order
from classifier.models import Alarm, AlarmKind, InputImage, ModelVersion
from classifier.recognition.labels import Event
from classifier.registry import alarms
from classifier.tests import factories
from classifier.tests.pages import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

LABEL_THESE = "/admin/classifier/inputimage/queue/?order=alarming"


def raise_alarm(*causes: InputImage, kind: AlarmKind = AlarmKind.INPUT_DRIFTED) -> None:
    ids = [image.pk for image in causes]
    alarms.raise_alarm(kind, "Something changed.", ids, Event.INPUT_DRIFTED, {})


def test_overview_shows_the_pictures_that_caused_an_alarm(
    admin_client: Client, champion: ModelVersion
) -> None:
    image, deleted = (factories.create_queue_item().image for _ in range(2))
    raise_alarm(image, deleted)
    deleted.delete()

    page = admin_client.get("/admin/").text

    assert "Something changed." in page
    assert f'src="/image/{image.pk}.png"' in page
    assert str(deleted.pk) not in page
    assert f'href="{LABEL_THESE}"' in page


def test_labelled_causes_need_no_label(admin_client: Client, champion: ModelVersion) -> None:
    image = factories.create_queue_item(label="4").image
    raise_alarm(image, kind=AlarmKind.ERROR_EXCEEDED)

    page = admin_client.get("/admin/").text

    assert f'src="/image/{image.pk}.png"' in page
    assert LABEL_THESE not in page
    assert f'href="/admin/classifier/modelversion/{champion.pk}/change/">Roll back' in page


def test_trainer_cannot_label_the_pictures(trainer_client: Client, champion: ModelVersion) -> None:
    image = factories.create_queue_item().image
    raise_alarm(image)

    page = trainer_client.get("/admin/").text

    assert f'src="/image/{image.pk}.png"' in page
    assert LABEL_THESE not in page


def test_cleared_alarm_is_not_shown(admin_client: Client, champion: ModelVersion) -> None:
    raise_alarm(factories.create_queue_item().image)
    alarms.clear_alarm(AlarmKind.INPUT_DRIFTED)

    assert "Something changed." not in admin_client.get("/admin/").text
    assert Alarm.objects.get().cleared_at


def test_alarming_order_leases_the_causes_newest_first(anna: User) -> None:
    first, second, _ = (factories.create_queue_item().image for _ in range(3))
    raise_alarm(first, second)

    leased = queue.lease_next(anna, Order.ALARMING, 10)

    assert [item.pk for item in leased] == [second.pk, first.pk]


def test_alarming_order_without_causes_is_explained(admin_client: Client) -> None:
    factories.create_queue_item()

    assert "No picture that caused an alarm is left." in read_text(admin_client, LABEL_THESE)


def test_open_alarms_take_two_queries_at_most() -> None:
    for kind in AlarmKind:
        raise_alarm(*(factories.create_queue_item().image for _ in range(2)), kind=kind)

    with CaptureQueriesContext(connection) as queries:
        opened = alarms.list_open_alarms()

    assert [len(each.images) for each in opened] == [2] * len(AlarmKind)
    assert len(queries) == 2
