"""Events are delivered to subscribers if and only if their transaction commits."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime
from pytest_django.fixtures import DjangoAssertNumQueries

from classifier.labelling import labels
from classifier.models import Delivery, ModelVersion, Source, Upload, Via, Webhook, refreshed
from classifier.recognition.labels import Event, Verdict
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw
from classifier.tests.webhook_receiver import SECRET, list_waiting_jobs
from classifier.uploads import submission
from classifier.webhooks import deliveries, events

pytestmark = pytest.mark.django_db


def create_webhook(*events: Event, **values: Any) -> Webhook:
    defaults = {"url": "http://receiver/", "secret": SECRET, "events": [*events]}
    return Webhook.objects.create(**defaults | values)


def list_data(subscriber: Webhook) -> list[Any]:
    """Return the `data` of each event."""
    payloads = subscriber.deliveries.order_by("created_at", "payload").values_list(
        "payload", flat=True
    )
    return [payload["data"] for payload in payloads]


@pytest.fixture
def unsure(db: None) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote_model("strict")


def test_unsure_upload_is_published(unsure: None, draw_digit: Draw) -> None:
    subscriber = create_webhook(Event.UPLOAD_UNSURE)

    answer = submission.classify_picture(draw_digit(7), Source.API)

    assert answer.verdict == Verdict.UNSURE
    assert list_data(subscriber) == [
        {
            "id": str(answer.id),
            "path": f"/result/{answer.id}",
            "best_guess": "7",
            "confidence": answer.confidence,
            "reason": "low_confidence",
            "digits": [str(answer.digits[0].id)],
        }
    ]
    payload = subscriber.deliveries.get().payload
    assert (payload.keys(), payload["type"]) == ({"type", "timestamp", "data"}, "upload.unsure")
    assert parse_datetime(payload["timestamp"])


def test_certain_upload_is_not_published(champion: ModelVersion, draw_digit: Draw) -> None:
    create_webhook(Event.UPLOAD_UNSURE)
    assert submission.classify_picture(draw_digit(7), Source.API).verdict == Verdict.DIGIT
    assert not Delivery.objects.exists()
    assert list_waiting_jobs() == []


def test_label_change_is_published(labeller: User) -> None:
    subscriber, image = create_webhook(Event.LABEL_CREATED), factories.create_image()

    labels.set_label(image.pk, "7", labeller, Via.QUEUE)
    labels.set_label(image.pk, "7", labeller, Via.QUEUE)  # changes nothing
    labels.undo_changes([image.pk], labeller)

    defaults = {"image": str(image.pk), "by": "labeller"}
    assert list_data(subscriber) == [
        defaults | {"from": "unknown", "to": "7", "via": "queue"},
        defaults | {"from": "7", "to": "unknown", "via": "undo"},
    ]


def test_many_labels_take_as_many_queries_as_one(
    labeller: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    subscriber, other = create_webhook(Event.LABEL_CREATED), create_webhook(Event.LABEL_CREATED)
    upload = factories.create_upload()
    one, *others = [factories.create_image(upload=upload).pk for _ in range(101)]

    with CaptureQueriesContext(connection) as queries:
        labels.set_label(one, "7", labeller, Via.GRID)
    with django_assert_num_queries(len(queries)):
        labels.apply_labels(dict.fromkeys(others, "7"), labeller, Via.GRID)

    assert subscriber.deliveries.count() == other.deliveries.count() == 101
    assert {each["image"] for each in list_data(subscriber)} == {
        str(image) for image in (one, *others)
    }
    jobs = {job["args"]["delivery_id"] for job in list_waiting_jobs()}
    assert jobs == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}


def test_promotion_is_published(admin_user: User) -> None:
    subscriber = create_webhook(Event.MODEL_PROMOTED)
    factories.copy_bundled_model("other")

    versions.promote_model("baseline")
    versions.promote_model("baseline")  # changes nothing
    versions.promote_model("other", by=admin_user, via=Via.ADMIN, reason="It is better.")

    assert list_data(subscriber) == [
        {"name": "baseline", "previous": None, "via": "command", "by": None, "reason": ""},
        {
            "name": "other",
            "previous": "baseline",
            "via": "admin",
            "by": "admin",
            "reason": "It is better.",
        },
    ]


def test_event_reaches_active_subscribers(labeller: User) -> None:
    both = create_webhook(Event.LABEL_CREATED, Event.MODEL_PROMOTED)
    other = create_webhook(Event.UPLOAD_UNSURE)
    off = create_webhook(Event.LABEL_CREATED, active=False)

    labels.set_label(factories.create_image().pk, "7", labeller, Via.API)

    assert [len(list_data(subscriber)) for subscriber in (both, other, off)] == [1, 0, 0]


def test_rolled_back_event_is_not_delivered(labeller: User) -> None:
    create_webhook(Event.LABEL_CREATED)
    with transaction.atomic():
        labels.set_label(factories.create_image().pk, "7", labeller, Via.API)
        assert len(list_waiting_jobs()) == 1
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert list_waiting_jobs() == []


def test_upload_is_rolled_back_with_its_event(
    unsure: None, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    create_webhook(Event.UPLOAD_UNSURE)

    def fail(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(deliveries, "create_deliveries", fail)
    with pytest.raises(RuntimeError):
        submission.classify_picture(draw_digit(7), Source.API)

    assert not Upload.objects.exists()
    assert not list_stored_files(settings)


def test_subscriptions_are_read_once_a_second(
    unsure: None, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(refreshed, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def list_queries() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            submission.classify_picture(draw_digit(7), Source.API)
        return [query["sql"] for query in queries if "webhooks" in query["sql"]]

    assert (len(list_queries()), list_queries(), list_queries()) == (1, [], [])

    subscriber = create_webhook(Event.UPLOAD_UNSURE)
    submission.classify_picture(draw_digit(7), Source.API)
    assert list_data(subscriber) == []
    now[0] += refreshed.REFRESH_EVERY_S + 0.001
    submission.classify_picture(draw_digit(7), Source.API)
    assert len(list_data(subscriber)) == 1


def test_certain_upload_reads_no_subscriptions(
    champion: ModelVersion, draw_digit: Draw, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    create_webhook(Event.UPLOAD_UNSURE)
    submission.classify_picture(draw_digit(7), Source.API)  # loads the model
    with CaptureQueriesContext(connection) as queries:
        submission.classify_picture(draw_digit(7), Source.API)
    assert not [query for query in queries if "webhook" in query["sql"]]


def test_test_message_has_its_own_type() -> None:
    subscriber = create_webhook(Event.LABEL_CREATED)
    events.send_test(subscriber)
    payload = subscriber.deliveries.get().payload
    assert (payload["type"], payload["data"]) == ("test", {})
    assert len(list_waiting_jobs()) == 1
