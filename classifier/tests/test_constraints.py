"""The database itself refuses what no code may write, whoever writes it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier.models import (
    Alarm,
    AlarmKind,
    ApiToken,
    Delivery,
    InputImage,
    LabelChange,
    LabelCheck,
    MediaStore,
    ModelState,
    ModelVersion,
    Prediction,
    Promotion,
    RunState,
    ShadowReading,
    Source,
    Suggestion,
    TrainingRun,
    Via,
    Webhook,
)
from classifier.recognition.labels import Label, Reason, Verdict
from classifier.tests import factories

pytestmark = pytest.mark.django_db

Write = Callable[[], Any]


def a_prediction(**values: Any) -> Write:
    return lambda: factories.create_prediction(
        factories.create_image(), factories.create_version(), **values
    )


def a_label_change(**values: Any) -> Write:
    def write() -> LabelChange:
        given = {"from_label": "unknown", "to_label": "7", "via": Via.ADMIN} | values
        user = User.objects.create_user("somebody")
        return LabelChange.objects.create(image=factories.create_image(), changed_by=user, **given)

    return write


def a_run(**values: Any) -> Write:
    return lambda: TrainingRun.objects.create(**values)


def a_shadow_reading(**values: Any) -> Write:
    defaults = {"guess": "1", "served_guess": "7", "confidence": 0.9} | values
    return lambda: ShadowReading.objects.create(
        image=factories.create_image(), model=factories.create_version(), **defaults
    )


def read_twice_in_shadow() -> None:
    reading = a_shadow_reading()()
    reading.pk = None
    reading.save(force_insert=True)


def raise_same_alarm_twice() -> None:
    for _ in range(2):
        Alarm.objects.create(kind=AlarmKind.ERROR_EXCEEDED, message="Too many errors.")


def two_champions() -> None:
    factories.create_version(name="one", state=ModelState.CHAMPION)
    factories.create_version(name="other", state=ModelState.CHAMPION)


def a_suggestion(**values: Any) -> Write:
    return lambda: Suggestion.objects.create(
        **{"image": factories.create_image(), "label": "7"} | values
    )


def a_check(**values: Any) -> Write:
    def write() -> LabelCheck:
        user, _ = User.objects.get_or_create(username="somebody")
        given = {
            "image": factories.create_image(label="7"),
            "asked_of": user,
            "label": "7",
        } | values
        return LabelCheck.objects.create(**given)

    return write


def asked_twice() -> None:
    image = factories.create_image(label="7")
    a_check(image=image)()
    a_check(image=image)()


def a_promotion(**values: Any) -> Write:
    given = {"via": Via.ADMIN} | values
    return lambda: Promotion.objects.create(model=factories.create_version(), **given)


def two_runs() -> None:
    a_run()()
    a_run(state=RunState.RUNNING, **BEGUN)()


def a_token(**values: Any) -> Write:
    def write() -> ApiToken:
        user = User.objects.create_user("somebody")
        return ApiToken.objects.create(**{"user": user, "scopes": ["read"]} | values)

    return write


def a_webhook(**values: Any) -> Write:
    return lambda: Webhook.objects.create(**{"events": ["label.created"]} | values)


def a_delivery(**values: Any) -> Write:
    def write() -> Delivery:
        given = {"webhook": a_webhook()(), "event": "label.created", "payload": {}} | values
        return Delivery.objects.create(**given)

    return write


def two_media_stores() -> None:
    MediaStore.objects.create()
    MediaStore.objects.create()


def leased_for_ever() -> None:
    factories.create_queue_item(leased_to=User.objects.create_user("somebody"))


NOW = timezone.now()
BEGUN = {"started_at": NOW, "heartbeat_at": NOW}
UNSURE = {"label": Label.UNKNOWN, "verdict": Verdict.UNSURE, "reason": Reason.LOW_CONFIDENCE}

REFUSED: list[tuple[str, Write]] = [
    ("media_stores_has_one_row", two_media_stores),
    ("uploads_source_is_known", lambda: factories.create_upload(source=Source.MNIST)),
    ("uploads_are_not_empty", lambda: factories.create_upload(size=0)),
    ("uploads_are_not_empty", lambda: factories.create_upload(width=0)),
    ("uploads_are_not_empty", lambda: factories.create_upload(height=0)),
    ("input_data_label_is_known", lambda: factories.create_image(label="seven")),
    ("input_data_label_is_known", lambda: factories.create_image(label="10")),
    ("input_data_source_is_known", lambda: factories.create_mnist_image(source="post")),
    ("input_data_pixels_are_28_by_28", lambda: factories.create_image(pixels=bytes(783))),
    ("input_data_pixels_are_28_by_28", lambda: factories.create_image(pixels=bytes(785))),
    ("input_data_upload_and_box_go_together", lambda: factories.create_image(box=None)),
    ("input_data_upload_and_box_go_together", lambda: factories.create_image(upload=None)),
    (
        "input_data_upload_and_box_go_together",
        lambda: factories.create_mnist_image(upload=factories.create_upload()),
    ),
    ("input_data_box_has_four_numbers", lambda: factories.create_image(box=[0, 0, 28])),
    ("input_data_mnist_is_labelled", lambda: factories.create_mnist_image(label=Label.UNKNOWN)),
    ("input_data_mnist_is_labelled", lambda: factories.create_mnist_image(label=Label.NOT_A_DIGIT)),
    (
        "input_data_labelled_at_with_label",
        lambda: factories.create_image(label="7", labelled_at=None),
    ),
    (
        "input_data_labelled_at_with_label",
        lambda: factories.create_image(labelled_at=timezone.now()),
    ),
    ("model_versions_state_is_known", lambda: factories.create_version(state="resting")),
    ("model_versions_one_champion", two_champions),
    ("predictions_best_guess_is_a_digit", a_prediction(**UNSURE, best_guess="x")),
    ("predictions_verdict_is_known", a_prediction(**UNSURE | {"verdict": "perhaps"})),
    ("predictions_reason_is_known", a_prediction(**UNSURE | {"reason": "tired"})),
    ("predictions_label_and_reason_follow_verdict", a_prediction(label="1")),
    ("predictions_label_and_reason_follow_verdict", a_prediction(reason=Reason.BLANK)),
    ("predictions_label_and_reason_follow_verdict", a_prediction(**UNSURE | {"label": "7"})),
    ("predictions_label_and_reason_follow_verdict", a_prediction(**UNSURE | {"reason": ""})),
    ("predictions_confidence_is_a_probability", a_prediction(confidence=1.001)),
    ("predictions_confidence_is_a_probability", a_prediction(confidence=-0.001)),
    ("predictions_confidence_is_a_probability", a_prediction(confidence=float("nan"))),
    ("predictions_probabilities_are_ten", a_prediction(probabilities=[0.1] * 9)),
    ("label_changes_from_is_known", a_label_change(from_label="seven")),
    ("label_changes_to_is_known", a_label_change(to_label="seven")),
    ("label_changes_change_something", a_label_change(from_label="7")),
    ("label_queue_guess_is_known", lambda: factories.create_queue_item(guess="x")),
    (
        "label_queue_suggestion_is_known",
        lambda: factories.create_queue_item(suggestion=Label.UNKNOWN),
    ),
    ("label_queue_doubt_is_a_share", lambda: factories.create_queue_item(doubt=1.001)),
    ("label_queue_doubt_is_a_share", lambda: factories.create_queue_item(doubt=-0.001)),
    ("label_queue_lease_runs_out", leased_for_ever),
    ("suggestions_label_is_known", a_suggestion(label=Label.UNKNOWN)),
    ("label_checks_label_is_known", a_check(label=Label.UNKNOWN)),
    ("label_checks_answer_is_known", a_check(answer=Label.UNKNOWN, answered_at=NOW)),
    ("label_checks_once_a_person", asked_twice),
    ("label_checks_answered_at_with_answer", a_check(answer="7")),
    ("label_checks_answered_at_with_answer", a_check(answered_at=NOW)),
    ("promotions_via_is_known", a_promotion(via="a friend")),
    (
        "model_versions_rejected_for_a_reason",
        lambda: factories.create_version(state=ModelState.REJECTED),
    ),
    ("training_runs_state_is_known", a_run(state="lost", finished_at=NOW)),
    ("training_runs_success_has_a_result", a_run(state=RunState.SUCCEEDED, finished_at=NOW)),
    ("training_runs_end_has_a_time", a_run(state=RunState.FAILED)),
    ("training_runs_end_has_a_time", a_run(finished_at=NOW)),
    ("training_runs_running_has_a_heartbeat", a_run(state=RunState.RUNNING)),
    ("training_runs_one_at_a_time", two_runs),
    ("api_tokens_scopes_are_known", a_token(scopes=["read", "everything"])),
    ("api_tokens_scopes_are_known", a_token(scopes=[])),
    ("webhooks_events_are_known", a_webhook(events=["label.created", "weather"])),
    ("webhooks_events_are_known", a_webhook(events=[])),
    ("webhook_deliveries_event_is_known", a_delivery(event="weather")),
    ("shadow_readings_guess_is_known", a_shadow_reading(guess=Label.UNKNOWN)),
    ("shadow_readings_served_guess_is_known", a_shadow_reading(served_guess=Label.UNKNOWN)),
    ("shadow_readings_once_a_model", read_twice_in_shadow),
    ("alarms_kind_is_known", lambda: Alarm.objects.create(kind="weather", message="Rain.")),
    ("alarms_one_open_a_kind", raise_same_alarm_twice),
]


@pytest.mark.parametrize(("constraint", "write"), REFUSED, ids=[name for name, _ in REFUSED])
def test_a_row_that_makes_no_sense_is_refused(constraint: str, write: Write) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


def test_every_constraint_is_tried_here() -> None:
    models = apps.get_app_config("classifier").get_models()
    declared = {constraint.name for model in models for constraint in model._meta.constraints}

    assert {name for name, _ in REFUSED} == declared


@pytest.mark.parametrize(
    "write",
    [
        MediaStore.objects.create,
        factories.create_image,
        factories.create_mnist_image,
        factories.create_version,
        a_prediction(),
        a_prediction(**UNSURE),
        a_label_change(),
        a_suggestion(),
        a_check(),
        a_promotion(),
        a_run(),
        factories.create_queue_item,
        a_token(),
        a_webhook(),
        a_delivery(),
    ],
    ids=[
        "media store",
        "upload",
        "MNIST",
        "model",
        "prediction",
        "unsure",
        "label change",
        "suggestion",
        "check",
        "promotion",
        "run",
        "in the queue",
        "token",
        "webhook",
        "delivery",
    ],
)
def test_a_row_that_makes_sense_is_taken(write: Write) -> None:
    assert write().pk is not None


@pytest.mark.parametrize(
    ("write", "change"),
    [
        (a_prediction(), {"confidence": 0.5}),
        (a_label_change(), {"to_label": "8"}),
        (a_promotion(), {"reason": "another"}),
    ],
    ids=["prediction", "label change", "promotion"],
)
def test_what_is_history_never_changes(write: Write, change: dict[str, Any]) -> None:
    row = write()
    table = type(row).objects

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        table.filter(pk=row.pk).update(**change)

    assert not table.filter(**change).exists()


@pytest.mark.parametrize("write", [a_prediction(), a_label_change()])
def test_history_goes_with_its_image(write: Write) -> None:
    write()

    InputImage.objects.all().delete()

    assert not Prediction.objects.exists()
    assert not LabelChange.objects.exists()


def test_two_models_cannot_share_a_name() -> None:
    factories.create_version(name="one")

    with pytest.raises(IntegrityError, match="name"), transaction.atomic():
        factories.create_version(name="one")

    assert ModelVersion.objects.count() == 1
