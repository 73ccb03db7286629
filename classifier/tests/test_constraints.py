"""Constraints of the database against rows that no code may write."""

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from classifier.models import Alarm, MediaStore, ModelState, ModelVersion, RunState, Source
from classifier.recognition.labels import Label, Reason
from classifier.tests import factories
from classifier.tests.row_writers import (
    NOW,
    UNSURE,
    Write,
    write_check,
    write_correction,
    write_delivery,
    write_dispute,
    write_endless_lease,
    write_label_change,
    write_prediction,
    write_promotion,
    write_run,
    write_same_alarm_twice,
    write_same_check_twice,
    write_same_dispute_twice,
    write_same_shadow_reading_twice,
    write_shadow_reading,
    write_suggestion,
    write_token,
    write_two_champions,
    write_two_media_stores,
    write_two_runs,
    write_webhook,
)

pytestmark = pytest.mark.django_db

REFUSED: list[tuple[str, Write]] = [
    ("media_stores_has_one_row", write_two_media_stores),
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
    ("model_versions_one_champion", write_two_champions),
    ("predictions_best_guess_is_a_digit", write_prediction(**UNSURE, best_guess="x")),
    ("predictions_verdict_is_known", write_prediction(**UNSURE | {"verdict": "perhaps"})),
    ("predictions_reason_is_known", write_prediction(**UNSURE | {"reason": "tired"})),
    ("predictions_label_and_reason_follow_verdict", write_prediction(label="1")),
    ("predictions_label_and_reason_follow_verdict", write_prediction(reason=Reason.BLANK)),
    ("predictions_label_and_reason_follow_verdict", write_prediction(**UNSURE | {"label": "7"})),
    ("predictions_label_and_reason_follow_verdict", write_prediction(**UNSURE | {"reason": ""})),
    ("predictions_confidence_is_a_probability", write_prediction(confidence=1.001)),
    ("predictions_confidence_is_a_probability", write_prediction(confidence=-0.001)),
    ("predictions_confidence_is_a_probability", write_prediction(confidence=float("nan"))),
    ("predictions_probabilities_are_ten", write_prediction(probabilities=[0.1] * 9)),
    ("label_changes_from_is_known", write_label_change(from_label="seven")),
    ("label_changes_to_is_known", write_label_change(to_label="seven")),
    ("label_changes_change_something", write_label_change(from_label="7")),
    ("label_queue_guess_is_known", lambda: factories.create_queue_item(guess="x")),
    (
        "label_queue_suggestion_is_known",
        lambda: factories.create_queue_item(suggestion=Label.UNKNOWN),
    ),
    ("label_queue_doubt_is_a_share", lambda: factories.create_queue_item(doubt=1.001)),
    ("label_queue_doubt_is_a_share", lambda: factories.create_queue_item(doubt=-0.001)),
    ("label_queue_lease_runs_out", write_endless_lease),
    (
        "label_queue_suspicion_needs_a_label",
        lambda: factories.create_queue_item(suspicion=0.5),
    ),
    (
        "label_queue_suspicion_needs_a_label",
        lambda: factories.create_queue_item(label="7", suspicion=1.001),
    ),
    (
        "label_queue_reviewed_by_and_at_together",
        lambda: factories.create_queue_item(label="7", reviewed_at=NOW),
    ),
    ("disputes_one_open_an_image", write_same_dispute_twice),
    ("disputes_label_is_known", write_dispute(label=Label.UNKNOWN)),
    ("disputes_settled_by_and_at_with_label", write_dispute(label="7")),
    ("disputes_settled_by_and_at_with_label", write_dispute(settled_at=NOW)),
    ("corrections_text_is_digits", write_correction),
    ("suggestions_label_is_known", write_suggestion(label=Label.UNKNOWN)),
    ("label_checks_label_is_known", write_check(label=Label.UNKNOWN)),
    ("label_checks_answer_is_known", write_check(answer=Label.UNKNOWN, answered_at=NOW)),
    ("label_checks_once_a_person", write_same_check_twice),
    ("label_checks_answered_at_with_answer", write_check(answer="7")),
    ("label_checks_answered_at_with_answer", write_check(answered_at=NOW)),
    ("promotions_via_is_known", write_promotion(via="a friend")),
    (
        "model_versions_rejected_for_a_reason",
        lambda: factories.create_version(state=ModelState.REJECTED),
    ),
    ("training_runs_state_is_known", write_run(state="lost", finished_at=NOW)),
    ("training_runs_success_has_a_result", write_run(state=RunState.SUCCEEDED, finished_at=NOW)),
    ("training_runs_end_has_a_time", write_run(state=RunState.FAILED)),
    ("training_runs_end_has_a_time", write_run(finished_at=NOW)),
    ("training_runs_running_has_a_heartbeat", write_run(state=RunState.RUNNING)),
    ("training_runs_one_at_a_time", write_two_runs),
    ("api_tokens_scopes_are_known", write_token(scopes=["read", "everything"])),
    ("api_tokens_scopes_are_known", write_token(scopes=[])),
    ("webhooks_events_are_known", write_webhook(events=["label.created", "weather"])),
    ("webhooks_events_are_known", write_webhook(events=[])),
    ("webhook_deliveries_event_is_known", write_delivery(event="weather")),
    ("shadow_readings_guess_is_known", write_shadow_reading(guess=Label.UNKNOWN)),
    ("shadow_readings_served_guess_is_known", write_shadow_reading(served_guess=Label.UNKNOWN)),
    ("shadow_readings_once_a_model", write_same_shadow_reading_twice),
    ("alarms_kind_is_known", lambda: Alarm.objects.create(kind="weather", message="Rain.")),
    ("alarms_one_open_a_kind", write_same_alarm_twice),
]


@pytest.mark.parametrize(("constraint", "write"), REFUSED, ids=[name for name, _ in REFUSED])
def test_invalid_row_is_refused(constraint: str, write: Write) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


def test_every_constraint_is_tested() -> None:
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
        write_prediction(),
        write_prediction(**UNSURE),
        write_label_change(),
        write_suggestion(),
        write_check(),
        write_promotion(),
        write_run(),
        factories.create_queue_item,
        write_token(),
        write_webhook(),
        write_delivery(),
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
def test_valid_row_is_accepted(write: Write) -> None:
    assert write().pk is not None


def test_model_name_is_unique() -> None:
    factories.create_version(name="one")

    with pytest.raises(IntegrityError, match="name"), transaction.atomic():
        factories.create_version(name="one")

    assert ModelVersion.objects.count() == 1
