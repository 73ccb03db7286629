from dataclasses import asdict
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.labelling import audits, labels, queue
from classifier.labelling.selection import Order
from classifier.models import (
    Alarm,
    Audit,
    Delivery,
    Erasure,
    InputImage,
    ModelVersion,
    Source,
    Via,
    Webhook,
)
from classifier.monitoring.audits import summarize_audits
from classifier.recognition.labels import Event
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.clock import freeze_time

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

UNSURE = {"label": "unknown", "verdict": "unsure", "reason": "low_confidence"}


@pytest.fixture
def version() -> ModelVersion:
    promised = asdict(factories.build_certificate(level=0.01))
    return factories.create_version(state="champion", certificates=[promised])


def answer_with_seven(version: ModelVersion, **values: object) -> InputImage:
    """Create a queued image that the model called a certain 7."""
    image = factories.create_queue_item(**values).image
    factories.create_prediction(image, version)
    return image


def create_audit(version: ModelVersion, **values: object) -> InputImage:
    """Create the audit of a certain 7, and return its image."""
    image = answer_with_seven(version, **values)
    Audit.objects.create(image=image, prediction=image.predictions.get())
    return image


def audit(version: ModelVersion, by: User, *answers: str, **values: object) -> list[InputImage]:
    """Create audits of a certain 7, label their images so, and return these."""
    images = [create_audit(version, **values) for _ in answers]
    for image, label in zip(images, answers, strict=True):
        labels.set_label(image.pk, label, by, Via.QUEUE)
    return images


def test_every_certain_answer_is_drawn_while_there_are_few(version: ModelVersion) -> None:
    image = answer_with_seven(version)

    audits.draw_audits()

    assert Audit.objects.get().image == image


def test_second_draw_finds_the_same_answers(version: ModelVersion) -> None:
    answer_with_seven(version)

    audits.draw_audits()
    audits.draw_audits()

    assert Audit.objects.count() == 1


def test_drawn_share_follows_audits_per_day(version: ModelVersion, settings: Settings) -> None:
    settings.AUDIT_PER_DAY = 100
    for _ in range(400):
        answer_with_seven(version)

    audits.draw_audits()

    assert 60 <= Audit.objects.count() <= 140  # 4.6 standard deviations


def test_no_audit_is_drawn_if_audits_are_off(version: ModelVersion, settings: Settings) -> None:
    settings.AUDIT_PER_DAY = 0
    answer_with_seven(version)

    audits.draw_audits()

    assert not Audit.objects.exists()


def test_unsure_and_later_readings_are_not_drawn(version: ModelVersion) -> None:
    image = factories.create_queue_item().image
    factories.create_prediction(image, version, **UNSURE)
    factories.create_prediction(image, version)

    audits.draw_audits()

    assert not Audit.objects.exists()


def test_audit_replaces_about_one_in_five_queue_items(version: ModelVersion, anna: User) -> None:
    for _ in range(30):
        factories.create_queue_item(doubt=0.9)
    for _ in range(30):
        create_audit(version, doubt=0.0)

    leased = [item.pk for item in queue.lease_next(anna, Order.DOUBT, 30)]

    assert len(set(leased)) == 30
    assert 1 <= Audit.objects.filter(pk__in=leased).count() <= 18


def test_audit_that_another_person_was_leased_is_not_queued_again(
    version: ModelVersion, anna: User, bert: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "ITEMS_PER_AUDIT", 1)
    factories.create_queue_item(doubt=0.9)
    factories.create_queue_item(doubt=0.8)
    image = create_audit(version, doubt=0.0)

    assert [item.pk for item in queue.lease_next(anna, Order.DOUBT, 1)] == [image.pk]
    assert image.pk not in [item.pk for item in queue.lease_next(bert, Order.DOUBT, 1)]


def test_estimate_counts_labelled_audits_of_the_last_30_days(
    version: ModelVersion, anna: User
) -> None:
    audit(version, anna, "7", "1", "not_a_digit")
    answer_with_seven(version)
    audits.draw_audits()
    audit(version, anna, "1")
    newest = Audit.objects.latest("drawn_at")
    with freeze_time(timezone.now() - timedelta(days=31)):
        newest.prediction = factories.create_prediction(newest.image, version)
    newest.save()

    summary = summarize_audits()

    assert (summary.total.audited, summary.total.wrong, summary.pending) == (3, 2, 1)


def test_error_is_estimated_by_source(version: ModelVersion, anna: User) -> None:
    audit(version, anna, "7")
    audit(version, anna, "1", image=factories.create_image(source=Source.API))

    by_source = {each.source: (each.audited, each.wrong) for each in summarize_audits().by_source}

    assert by_source == {"API": (1, 1), "web page": (1, 0)}


def test_alarm_is_raised_once_and_published_when_the_promise_is_broken(
    version: ModelVersion, anna: User
) -> None:
    Webhook.objects.create(
        url="http://receiver/", secret="whsec_AA==", events=[Event.MODEL_ERROR_EXCEEDED]
    )
    audit(version, anna, "7", "1", "2")
    audits.check_promise()
    audits.check_promise()

    alarm = Alarm.objects.get()
    assert "2 are wrong" in alarm.message
    assert "at most 1.0 %" in alarm.message
    payload = Delivery.objects.get().payload
    assert payload["type"] == "model.error_exceeded"
    assert payload["data"]["model"] == version.name


def test_alarm_is_cleared_when_the_promise_holds_again(version: ModelVersion, anna: User) -> None:
    audit(version, anna, "1", "2")
    audits.check_promise()
    InputImage.objects.filter(label__in=["1", "2"]).update(label="7")

    audits.check_promise()

    assert Alarm.objects.get().cleared_at


def test_few_errors_among_few_audits_raise_no_alarm(version: ModelVersion, anna: User) -> None:
    audit(version, anna, "1", "7", "7", "7")

    audits.check_promise()

    assert not Alarm.objects.exists()


def test_audit_is_deleted_with_its_upload(version: ModelVersion) -> None:
    image = answer_with_seven(version)
    audits.draw_audits()
    assert image.upload

    image.upload.delete()

    assert not Audit.objects.exists()


def promote_new_model() -> ModelVersion:
    certificate = factories.build_certificate(level=0.01)
    factories.copy_bundled_model("new", certificates=(certificate,))
    return versions.promote_model("new")


def test_alarm_rolls_back_a_new_champion_if_settings_say_so(
    champion: ModelVersion, anna: User, settings: Settings
) -> None:
    new = promote_new_model()
    audit(new, anna, "1", "2")
    audits.check_promise()
    assert ModelVersion.objects.champion() == new

    settings.ROLLBACK_WITHIN_DAYS = 7
    audits.check_promise()

    assert ModelVersion.objects.champion() == champion
    promotion = champion.promotions.latest("id")
    assert promotion.via == Via.AUTOMATIC
    assert "2 are wrong" in promotion.reason


def test_alarm_leaves_an_old_champion_in_service(
    champion: ModelVersion, anna: User, settings: Settings
) -> None:
    settings.ROLLBACK_WITHIN_DAYS = 7
    with freeze_time(timezone.now() - timedelta(days=30)):
        new = promote_new_model()
    audit(new, anna, "1", "2")

    audits.check_promise()

    assert ModelVersion.objects.champion() == new


@pytest.fixture
def new(champion: ModelVersion, settings: Settings) -> ModelVersion:
    """A new champion, which alarms roll back."""
    settings.ROLLBACK_WITHIN_DAYS = 7
    return promote_new_model()


def test_model_that_came_back_by_a_rollback_stays(
    champion: ModelVersion, new: ModelVersion, anna: User
) -> None:
    audit(new, anna, "1", "2")
    audit(champion, anna, "1", "2")
    audits.check_promise()
    assert versions.roll_back() == new

    audits.check_promise()

    assert ModelVersion.objects.champion() == new


def test_refused_rollback_leaves_the_champion_in_service(
    champion: ModelVersion,
    new: ModelVersion,
    anna: User,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.FORGET_WITHIN_DAYS = 7
    Erasure.objects.create(image_id=uuid4(), upload_id=uuid4(), trained_models=[champion.name])
    audit(new, anna, "1", "2")

    audits.check_promise()

    assert ModelVersion.objects.champion() == new
    assert Alarm.objects.filter(cleared_at=None).exists()
    assert "can't be rolled back: Model baseline was trained on 1 image deleted" in caplog.text


def test_alarm_names_the_images_whose_answers_were_wrong(new: ModelVersion, anna: User) -> None:
    wrong = audit(new, anna, "1", "2")
    audit(new, anna, "7")

    audits.check_promise()

    assert {*Alarm.objects.get().causes} == {image.pk for image in wrong}
