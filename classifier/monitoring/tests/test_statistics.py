from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from classifier.labelling import labels
from classifier.models import LabelCheck, ModelVersion, Via
from classifier.monitoring import statistics
from classifier.monitoring.statistics import DailyVerdicts, Labeller, QueueCounts
from classifier.tests import factories
from classifier.tests.clock import freeze_time

pytestmark = pytest.mark.django_db

UNSURE = {"label": "unknown", "verdict": "unsure", "reason": "low_confidence"}
REFUSED = {"label": "unknown", "verdict": "not_a_digit", "reason": "another_sign"}


def days_ago(days: float) -> AbstractContextManager[None]:
    return freeze_time(timezone.now() - timedelta(days=days))


def create_champion(days: float) -> ModelVersion:
    with days_ago(days):
        version = factories.create_version(name=f"made-{days}", state="champion")
        version.promotions.create(via=Via.COMMAND)
    return version


def create_prediction(by: ModelVersion, days: float, **values: object) -> None:
    with days_ago(days):
        factories.create_prediction(factories.create_image(), by, **values)


def set_label(by: User, days: float = 0, to: str = "7") -> None:
    image = factories.create_queue_item().image
    with days_ago(days):
        labels.set_label(image.pk, to, by, Via.QUEUE)


def create_checks(by: User, *answers: str) -> None:
    for answer in answers:
        LabelCheck.objects.create(
            image=factories.create_image(label="7"),
            asked_of=by,
            label="7",
            answer=answer,
            answered_at=timezone.now() if answer else None,
        )


def test_waiting_images_and_near_duplicates_are_counted() -> None:
    factories.create_queue_item()
    factories.create_queue_item(duplicate=True)
    factories.create_queue_item(label="7", duplicate=True)

    assert statistics.count_queue() == QueueCounts(waiting=2, duplicates=1)


def test_labellers_of_the_last_week_are_listed_busiest_first(anna: User, admin_user: User) -> None:
    set_label(anna)
    set_label(admin_user, days=1)
    set_label(admin_user, days=6.9)
    set_label(admin_user, days=7.1)
    set_label(anna, to="3")
    set_label(anna, to="4")
    undone = factories.create_queue_item().image
    labels.set_label(undone.pk, "7", admin_user, Via.QUEUE)
    labels.undo_changes([undone.pk], admin_user)

    assert statistics.list_labellers() == [Labeller("anna", 3, 0, 0), Labeller("admin", 2, 0, 0)]


def test_verdicts_are_counted_by_day_for_14_days() -> None:
    version = factories.create_version()
    for days, values in ((0, {}), (0, UNSURE), (0, REFUSED), (0, UNSURE), (13, {}), (14, UNSURE)):
        create_prediction(version, days, **values)

    today = timezone.localdate()
    assert statistics.list_daily_verdicts() == [
        DailyVerdicts(today - timedelta(days=13), read=1, unsure=0, refused=0),
        DailyVerdicts(today, read=4, unsure=2, refused=1),
    ]


def test_empty_set_of_held_out_uploads_has_no_accuracy() -> None:
    version = create_champion(0)
    version.metrics = {"held_out_uploads": {"accuracy": 0.0, "digits": 0}}
    version.save()

    champion = statistics.get_champion()

    assert champion
    assert (champion.test, champion.held_out) == (None, None)


def test_first_week_before_the_period_is_compared_but_not_listed() -> None:
    create_prediction(create_champion(90), 90, confidence=0.9)

    champion = statistics.get_champion()

    assert champion
    assert statistics.measure_drift(champion) == statistics.Drift(first_week=0.9, days=[])
