"""Writers of rows, by which tests check the constraints of the database."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from classifier.models import (
    Alarm,
    AlarmKind,
    ApiToken,
    Delivery,
    Dispute,
    LabelChange,
    LabelCheck,
    MediaStore,
    ModelState,
    Promotion,
    RunState,
    ShadowReading,
    Suggestion,
    TrainingRun,
    Via,
    Webhook,
)
from classifier.recognition.labels import Label, Reason, Verdict
from classifier.tests import factories

NOW = timezone.now()
STARTED = {"started_at": NOW, "heartbeat_at": NOW}
UNSURE = {"label": Label.UNKNOWN, "verdict": Verdict.UNSURE, "reason": Reason.LOW_CONFIDENCE}

Write = Callable[[], Any]


def write_prediction(**values: Any) -> Write:
    return lambda: factories.create_prediction(
        factories.create_image(), factories.create_version(), **values
    )


def write_label_change(**values: Any) -> Write:
    def write() -> LabelChange:
        fields = {"from_label": "unknown", "to_label": "7", "via": Via.ADMIN} | values
        user = User.objects.create_user("somebody")
        return LabelChange.objects.create(image=factories.create_image(), changed_by=user, **fields)

    return write


def write_run(**values: Any) -> Write:
    return lambda: TrainingRun.objects.create(**values)


def write_shadow_reading(**values: Any) -> Write:
    defaults = {"guess": "1", "served_guess": "7", "confidence": 0.9} | values
    return lambda: ShadowReading.objects.create(
        image=factories.create_image(), model=factories.create_version(), **defaults
    )


def write_same_shadow_reading_twice() -> None:
    reading = write_shadow_reading()()
    reading.pk = None
    reading.save(force_insert=True)


def write_same_alarm_twice() -> None:
    for _ in range(2):
        Alarm.objects.create(kind=AlarmKind.ERROR_EXCEEDED, message="Too many errors.")


def write_two_champions() -> None:
    factories.create_version(name="one", state=ModelState.CHAMPION)
    factories.create_version(name="other", state=ModelState.CHAMPION)


def write_dispute(**values: Any) -> Write:
    def write() -> Dispute:
        user, _ = User.objects.get_or_create(username="somebody")
        fields = {"image": factories.create_image(label="7"), "opened_by": user} | values
        return Dispute.objects.create(**fields)

    return write


def write_same_dispute_twice() -> None:
    image = factories.create_image(label="7")
    write_dispute(image=image)()
    write_dispute(image=image)()


def write_correction() -> None:
    factories.create_upload().corrections.create(text="4x")


def write_suggestion(**values: Any) -> Write:
    return lambda: Suggestion.objects.create(
        **{"image": factories.create_image(), "label": "7"} | values
    )


def write_check(**values: Any) -> Write:
    def write() -> LabelCheck:
        user, _ = User.objects.get_or_create(username="somebody")
        fields = {
            "image": factories.create_image(label="7"),
            "asked_of": user,
            "label": "7",
        } | values
        return LabelCheck.objects.create(**fields)

    return write


def write_same_check_twice() -> None:
    image = factories.create_image(label="7")
    write_check(image=image)()
    write_check(image=image)()


def write_promotion(**values: Any) -> Write:
    fields = {"via": Via.ADMIN} | values
    return lambda: Promotion.objects.create(model=factories.create_version(), **fields)


def write_two_runs() -> None:
    write_run()()
    write_run(state=RunState.RUNNING, **STARTED)()


def write_token(**values: Any) -> Write:
    def write() -> ApiToken:
        user = User.objects.create_user("somebody")
        return ApiToken.objects.create(**{"user": user, "scopes": ["read"]} | values)

    return write


def write_webhook(**values: Any) -> Write:
    return lambda: Webhook.objects.create(**{"events": ["label.created"]} | values)


def write_delivery(**values: Any) -> Write:
    def write() -> Delivery:
        fields = {"webhook": write_webhook()(), "event": "label.created", "payload": {}} | values
        return Delivery.objects.create(**fields)

    return write


def write_two_media_stores() -> None:
    MediaStore.objects.create()
    MediaStore.objects.create()


def write_endless_lease() -> None:
    factories.create_queue_item(leased_to=User.objects.create_user("somebody"))
