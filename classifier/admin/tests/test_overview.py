"""Tests of the overview on the admin's first page."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.labelling import labels
from classifier.models import Alarm, Audit, RunState, TrainingRun, Via
from classifier.monitoring import statistics
from classifier.monitoring.statistics import Labeller
from classifier.monitoring.tests.test_statistics import (
    REFUSED,
    UNSURE,
    create_champion,
    create_checks,
    create_prediction,
    set_label,
)
from classifier.recognition.labels import KNOWN_LABELS
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def get_page(client: Client, user: User) -> str:
    client.force_login(user)
    response = client.get("/admin/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_answered_and_agreeing_checks_are_counted_by_labeller(
    anna: User, admin_user: User, client: Client
) -> None:
    set_label(anna)
    set_label(admin_user)
    create_checks(anna, "7", "7", "1", "")

    assert set(statistics.list_labellers()) == {
        Labeller("anna", 1, 3, 2),
        Labeller("admin", 1, 0, 0),
    }
    page = get_page(client, admin_user)
    assert "<td>3</td><td>67&nbsp;%</td>" in page
    assert "<td>0</td><td>–</td>" in page


def test_verdicts_of_the_last_day_are_described(client: Client, admin_user: User) -> None:
    version = factories.create_version()
    create_prediction(version, 1)
    for values in ({}, UNSURE, REFUSED, UNSURE):
        create_prediction(version, 0, **values)

    page = get_page(client, admin_user)

    assert "of 4 digits, 2 unsure, 1 not a digit" in page
    assert "unsure: from 0 % to 50 %; not a digit: from 0 % to 25 %" in page


def test_champion_is_shown_with_its_accuracy(client: Client, admin_user: User) -> None:
    version = create_champion(3)
    version.metrics = {
        "test": {"accuracy": 0.9969},
        "held_out_uploads": {"accuracy": 0.9712, "digits": 1243},
    }
    version.save()

    page = get_page(client, admin_user)

    assert ">made-3</a>" in page
    assert f"since {timezone.now() - timedelta(days=3):%-d %B %Y}" in page
    assert "99.69 % right" in page
    assert "97.12 % of 1,243 right" in page


def test_drift_compares_each_day_with_the_first_week(client: Client, admin_user: User) -> None:
    version, other = create_champion(20), factories.create_version(name="other")
    for days, confidence in ((21, 0.1), (20, 0.98), (14, 0.94), (5, 0.9), (0, 0.5), (0, 0.7)):
        create_prediction(version, days, confidence=confidence)
    create_prediction(other, 0, confidence=0.0)

    champion = statistics.get_champion()
    assert champion
    drift = statistics.measure_drift(champion)

    assert drift.first_week == pytest.approx(0.96)
    assert [each.mean for each in drift.days] == pytest.approx([0.98, 0.94, 0.9, 0.6])
    assert drift.days[0].day == timezone.localdate() - timedelta(days=20)
    page = get_page(client, admin_user)
    assert "60.0 %, 36.0 points less than in its first week" in page


def test_unfinished_run_and_new_labels_are_shown(
    client: Client, admin_user: User, anna: User
) -> None:
    create_champion(1)
    for _ in range(3):
        set_label(anna)
    now = timezone.now()
    running = {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now}
    TrainingRun.objects.create(**running, stage="measuring")

    page = get_page(client, admin_user)

    assert "Running" in page
    assert ": measuring</p>" in page
    assert "Train: 3 new labels" in page


def test_finished_run_is_not_shown(client: Client, admin_user: User) -> None:
    TrainingRun.objects.create(state=RunState.CANCELLED, finished_at=timezone.now())

    assert "No training is running." in get_page(client, admin_user)


def test_empty_overview_has_sentences_and_no_charts(client: Client, admin_user: User) -> None:
    page = get_page(client, admin_user)

    for sentence in (
        "There is nothing to label.",
        "Nobody has set a label.",
        "No picture can be read until you promote a model.",
        "No training is running.",
        "No digit was uploaded in the last 14 days.",
    ):
        assert sentence in page
    assert "<svg" not in page.split('id="content-main"')[0].split('class="overview"')[1]


@pytest.mark.parametrize(
    ("permissions", "visible"),
    [
        ([], set()),
        (["view_upload"], set()),
        (["view_inputimage"], {"Waiting for a label", "Unsure and refused"}),
        (["label_inputimage"], {"Waiting for a label", "Unsure and refused", ">Label<", ">Grid<"}),
        (["view_modelversion"], {"<h2>Champion</h2>", "Confidence"}),
        (["view_trainingrun"], {"Train: 0 new labels"}),
    ],
)
def test_overview_depends_on_permissions(
    client: Client, permissions: list[str], visible: set[str]
) -> None:
    create_prediction(create_champion(1), 0)
    user = User.objects.create_user("carla", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))

    page = get_page(client, user)

    parts = {
        "Waiting for a label",
        "Unsure and refused",
        ">Label<",
        ">Grid<",
        "<h2>Champion</h2>",
        "Confidence",
        "Train: 0 new labels",
    }
    assert {part for part in parts if part in page} == visible
    assert ('class="overview"' in page) == bool(visible)


def test_overview_is_on_the_first_page_only(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)

    assert 'class="overview"' in client.get("/admin/").content.decode()
    assert 'class="overview"' not in client.get("/admin/classifier/").content.decode()


def test_number_of_queries_is_constant(client: Client, admin_user: User) -> None:
    version = create_champion(30)
    get_page(client, admin_user)

    def count_queries_with_more_rows() -> int:
        for place, answer in enumerate(KNOWN_LABELS):
            user = User.objects.create_user(f"user {User.objects.count()}")
            set_label(user)
            create_checks(user, answer)
            create_prediction(version, place)
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        return len(queries)

    few = count_queries_with_more_rows()
    assert count_queries_with_more_rows() == few


def test_overview_states_the_audited_error_and_open_alarms(
    client: Client, admin_user: User
) -> None:
    version = create_champion(1)
    for label in ("7", "7", "1"):
        image = factories.create_queue_item().image
        prediction = factories.create_prediction(image, version)
        Audit.objects.create(image=image, prediction=prediction)
        labels.set_label(image.pk, label, admin_user, Via.QUEUE)
    Alarm.objects.create(kind="error_exceeded", message="Too many answers are wrong.")

    page = get_page(client, admin_user)

    assert "<strong>0.8 % to 90.6 %</strong> is wrong" in page
    assert "3 audited" in page
    assert "Too many answers are wrong." in page


def test_overview_names_audits_that_wait_for_a_label(client: Client, admin_user: User) -> None:
    version = create_champion(1)
    image = factories.create_queue_item().image
    prediction = factories.create_prediction(image, version)
    Audit.objects.create(image=image, prediction=prediction)

    assert "1 waits for a label" in get_page(client, admin_user)
