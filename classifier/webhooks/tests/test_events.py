"""What webhooks are told, and that it is neither lost nor made up."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime
from pytest_django.fixtures import DjangoAssertNumQueries

from classifier.errors import RuleBroken
from classifier.labelling import labels
from classifier.models import Delivery, ModelVersion, Source, Upload, Via, Webhook
from classifier.recognition.labels import Event, Verdict
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.webhook_receiver import SECRET, list_waiting_jobs
from classifier.uploads import submission
from classifier.webhooks import deliveries, events

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]


def webhook(*events: Event, **values: Any) -> Webhook:
    given = {"url": "http://receiver/", "secret": SECRET, "events": [*events]}
    return Webhook.objects.create(**given | values)


def told(to: Webhook) -> list[Any]:
    """Each event's `data`."""
    payloads = to.deliveries.order_by("created_at", "payload").values_list("payload", flat=True)
    return [payload["data"] for payload in payloads]


@pytest.fixture
def unsure(db: None) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote("strict")


def test_an_upload_that_is_unsure_is_told_of_without_its_picture(unsure: None, drawn: Draw) -> None:
    to = webhook(Event.UPLOAD_UNSURE)

    answer = submission.classify_picture(drawn(7), Source.API)

    assert answer.verdict == Verdict.UNSURE
    assert told(to) == [
        {
            "id": str(answer.id),
            "path": f"/result/{answer.id}",
            "best_guess": "7",
            "confidence": answer.confidence,
            "reason": "low_confidence",
            "digits": [str(answer.digits[0].id)],
        }
    ]
    payload = to.deliveries.get().payload
    assert (payload.keys(), payload["type"]) == ({"type", "timestamp", "data"}, "upload.unsure")
    assert parse_datetime(payload["timestamp"])


def test_an_upload_that_is_sure_is_not(champion: ModelVersion, drawn: Draw) -> None:
    webhook(Event.UPLOAD_UNSURE)
    assert submission.classify_picture(drawn(7), Source.API).verdict == Verdict.DIGIT
    assert not Delivery.objects.exists()
    assert list_waiting_jobs() == []


def test_a_label_is_told_of_with_what_it_was_and_who_set_it(labeller: User) -> None:
    to, image = webhook(Event.LABEL_CREATED), factories.create_image()

    labels.set_label(image.pk, "7", labeller, Via.QUEUE)
    labels.set_label(image.pk, "7", labeller, Via.QUEUE)  # which changes nothing
    labels.undo_changes([image.pk], labeller)

    given = {"image": str(image.pk), "by": "labeller"}
    assert told(to) == [
        given | {"from": "unknown", "to": "7", "via": "queue"},
        given | {"from": "7", "to": "unknown", "via": "undo"},
    ]


def test_a_thousand_labels_are_a_thousand_events_in_as_many_queries_as_one(
    labeller: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    to, other = webhook(Event.LABEL_CREATED), webhook(Event.LABEL_CREATED)
    upload = factories.create_upload()
    one, *others = [factories.create_image(upload=upload).pk for _ in range(1001)]

    with CaptureQueriesContext(connection) as of_one:
        labels.set_labels([one], "7", labeller, Via.GRID)
    with django_assert_num_queries(len(of_one)):
        labels.set_labels(others, "7", labeller, Via.GRID)

    assert to.deliveries.count() == other.deliveries.count() == 1001
    assert {each["image"] for each in told(to)} == {str(image) for image in (one, *others)}
    jobs = {job["args"]["delivery_id"] for job in list_waiting_jobs()}
    assert jobs == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}


def test_a_promotion_is_told_of_with_the_model_before(admin_user: User) -> None:
    to = webhook(Event.MODEL_PROMOTED)
    factories.copy_bundled_model("other")

    versions.promote("baseline")
    versions.promote("baseline")  # which changes nothing
    versions.promote("other", by=admin_user, via=Via.ADMIN, reason="It is better.")

    assert told(to) == [
        {"name": "baseline", "previous": None, "via": "command", "by": None, "reason": ""},
        {
            "name": "other",
            "previous": "baseline",
            "via": "admin",
            "by": "admin",
            "reason": "It is better.",
        },
    ]


def test_only_those_are_told_who_want_it_and_are_switched_on(labeller: User) -> None:
    both = webhook(Event.LABEL_CREATED, Event.MODEL_PROMOTED)
    other = webhook(Event.UPLOAD_UNSURE)
    off = webhook(Event.LABEL_CREATED, active=False)

    labels.set_label(factories.create_image().pk, "7", labeller, Via.API)

    assert [len(told(to)) for to in (both, other, off)] == [1, 0, 0]


def test_what_is_rolled_back_is_not_told(labeller: User) -> None:
    webhook(Event.LABEL_CREATED)
    with transaction.atomic():
        labels.set_label(factories.create_image().pk, "7", labeller, Via.API)
        assert len(list_waiting_jobs()) == 1
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert list_waiting_jobs() == []


def test_an_upload_that_can_t_be_told_of_is_not_kept_either(
    unsure: None, drawn: Draw, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """And the other way round: one transaction has both."""
    webhook(Event.UPLOAD_UNSURE)

    def fail(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(deliveries, "create_deliveries", fail)
    with pytest.raises(RuntimeError):
        submission.classify_picture(drawn(7), Source.API)

    assert not Upload.objects.exists()
    assert not [path for path in (settings.MEDIA_ROOT / "uploads").rglob("*") if path.is_file()]


def test_an_upload_asks_once_a_second_whether_anybody_wants_to_know(
    unsure: None, drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(events, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            submission.classify_picture(drawn(7), Source.API)
        return [query["sql"] for query in queries if "webhooks" in query["sql"]]

    assert (len(asked()), asked(), asked()) == (1, [], [])

    to = webhook(Event.UPLOAD_UNSURE)
    submission.classify_picture(drawn(7), Source.API)
    assert told(to) == []
    now[0] += events.REFRESH_EVERY_S + 0.001
    submission.classify_picture(drawn(7), Source.API)
    assert len(told(to)) == 1


def test_an_upload_that_is_sure_asks_nothing(
    champion: ModelVersion, drawn: Draw, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    webhook(Event.UPLOAD_UNSURE)
    submission.classify_picture(drawn(7), Source.API)  # which loads the model
    with CaptureQueriesContext(connection) as queries:
        submission.classify_picture(drawn(7), Source.API)
    assert not [query for query in queries if "webhook" in query["sql"]]


def test_a_test_looks_like_no_event() -> None:
    to = webhook(Event.LABEL_CREATED)
    events.send_test(to)
    payload = to.deliveries.get().payload
    assert (payload["type"], payload["data"]) == ("test", {})
    assert len(list_waiting_jobs()) == 1


def test_one_that_is_switched_off_is_not_tested() -> None:
    to = webhook(Event.LABEL_CREATED, active=False)
    with pytest.raises(RuleBroken, match="Switch it on first"):
        events.send_test(to)
    assert list_waiting_jobs() == []
