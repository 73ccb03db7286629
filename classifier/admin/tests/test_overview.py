import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from classifier.admin import overview
from classifier.labelling import labels
from classifier.models import Alarm, Audit, RunState, Via
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
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def get_page(client: Client) -> str:
    response = client.get("/admin/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.text)


def test_answered_and_agreeing_checks_are_counted_by_labeller(
    anna: User, admin_user: User, admin_client: Client
) -> None:
    set_label(anna)
    set_label(admin_user)
    create_checks(anna, "7", "7", "1", "")

    assert set(statistics.list_labellers()) == {
        Labeller("anna", 1, 3, 2),
        Labeller("admin", 1, 0, 0),
    }
    page = get_page(admin_client)
    assert "<td>3</td><td>67&nbsp;%</td>" in page
    assert "<td>0</td><td>–</td>" in page


def test_verdicts_of_the_last_day_are_described(admin_client: Client) -> None:
    version = factories.create_version()
    create_prediction(version, 1)
    for values in ({}, UNSURE, REFUSED, UNSURE):
        create_prediction(version, 0, **values)

    page = get_page(admin_client)

    assert "of 4 digits, 2 unsure, 1 not a digit" in page
    assert "unsure: from 0 % to 50 %; not a digit: from 0 % to 25 %" in page


def test_champion_is_shown_with_its_accuracy(admin_client: Client) -> None:
    version = create_champion(3)
    version.metrics = {
        "test": {"accuracy": 0.9969},
        "held_out_uploads": {"accuracy": 0.9712, "digits": 1243},
    }
    version.save()

    page = get_page(admin_client)

    assert ">made-3</a>" in page
    assert f"since {timezone.now() - timedelta(days=3):%Y-%m-%d}" in page
    assert "99.7 % right" in page
    assert "97.1 % of 1,243 right" in page


def test_drift_compares_each_day_with_the_first_week(admin_client: Client) -> None:
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
    page = get_page(admin_client)
    assert "60 %, 36.0 points less than in its first week" in page


def test_unfinished_run_and_new_labels_are_shown(admin_client: Client, anna: User) -> None:
    create_champion(1)
    for _ in range(3):
        set_label(anna)
    factories.create_run(RunState.RUNNING, stage="measuring")

    page = get_page(admin_client)

    assert "Running" in page
    assert ": measuring</p>" in page
    assert '<p class="figure">3</p> <p>new labels since the champion was trained.</p>' in page


def test_last_finished_run_is_shown(admin_client: Client) -> None:
    for state in (RunState.FAILED, RunState.CANCELLED):
        factories.create_run(state)

    page = get_page(admin_client)

    assert ">Cancelled</a>, " in page
    assert "Failed" not in page


def test_empty_overview_has_sentences_and_no_charts(admin_client: Client) -> None:
    page = get_page(admin_client)

    for sentence in (
        "There is nothing to label.",
        "Send a picture",
        "Nobody has set a label.",
        "No picture can be read until you promote a model.",
        "No training has been started here.",
        "No digit was uploaded in the last 14 days.",
    ):
        assert sentence in page
    assert "<svg" not in page.split('class="overview"')[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("permissions", "visible"),
    [
        ([], {"Your account has no role yet."}),
        (["view_upload"], {"<h2>Lists</h2> <ul><li>"}),
        (["view_inputimage"], {"waits for a label", "Unsure and refused"}),
        (["label_inputimage"], {"waits for a label", "Unsure and refused", ">Grid<"}),
        (["view_modelversion"], {"<h3>Champion</h3>", "Confidence"}),
        (["view_trainingrun"], {"new labels since the champion"}),
    ],
)
def test_overview_depends_on_permissions(
    client: Client, permissions: list[str], visible: set[str]
) -> None:
    create_prediction(create_champion(1), 0)
    factories.create_queue_item()
    user = User.objects.create_user("carla", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))

    client.force_login(user)
    overview = get_page(client).split('class="overview"')[1]

    parts = {
        "Your account has no role yet.",
        "<h2>Lists</h2> <ul><li>",
        "waits for a label",
        "Unsure and refused",
        ">Grid<",
        "<h3>Champion</h3>",
        "Confidence",
        "new labels since the champion",
    }
    assert {part for part in parts if part in overview} == visible


def get_next_step(client: Client) -> str:
    match = re.search(r'class="step next"> <h2>(\w+) <small>', get_page(client))
    return match[1] if match else ""


def test_next_step_follows_the_work(
    admin_client: Client, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "ENOUGH_LABELS", 3)
    create_champion(1)
    assert get_next_step(admin_client) == ""
    factories.create_queue_item()
    assert get_next_step(admin_client) == "Label"
    for _ in range(2):
        set_label(admin_user)
    assert get_next_step(admin_client) == "Label"
    set_label(admin_user)
    assert get_next_step(admin_client) == "Train"
    factories.create_run(RunState.RUNNING)
    assert get_next_step(admin_client) == "Label"
    factories.create_version(name="better")
    assert get_next_step(admin_client) == "Decide"


def test_next_step_depends_on_permissions(labeller_client: Client, trainer_client: Client) -> None:
    create_champion(1)
    factories.create_version(name="better")
    factories.create_queue_item()

    assert get_next_step(labeller_client) == "Label"
    assert get_next_step(trainer_client) == "Decide"


def test_overview_is_on_the_first_page_only(admin_client: Client) -> None:
    assert 'class="overview"' in admin_client.get("/admin/").text
    assert 'class="overview"' not in admin_client.get("/admin/classifier/").text


def test_overview_states_the_audited_error_and_open_alarms(
    admin_client: Client, admin_user: User
) -> None:
    version = create_champion(1)
    for label in ("7", "7", "1"):
        image = factories.create_queue_item().image
        prediction = factories.create_prediction(image, version)
        Audit.objects.create(image=image, prediction=prediction)
        labels.set_label(image.pk, label, admin_user, Via.QUEUE)
    Alarm.objects.create(kind="error_exceeded", message="Too many answers are wrong.")

    page = get_page(admin_client)

    assert "<strong>0.8 % to 90.6 %</strong> is wrong" in page
    assert "3 audited" in page
    assert "Too many answers are wrong." in page


def test_overview_names_audits_that_wait_for_a_label(admin_client: Client) -> None:
    version = create_champion(1)
    image = factories.create_queue_item().image
    prediction = factories.create_prediction(image, version)
    Audit.objects.create(image=image, prediction=prediction)

    assert "1 audit waits for a label" in get_page(admin_client)


def test_overview_names_labels_that_need_a_second_look(
    admin_client: Client, anna: User, bert: User
) -> None:
    disputed, wrong = factories.create_queue_item(), factories.create_queue_item()
    factories.create_prediction(wrong.image, factories.create_version())
    labels.set_label(wrong.pk, "3", anna, Via.QUEUE)
    for label, by in (("3", anna), ("5", bert)):
        labels.set_label(disputed.pk, label, by, Via.QUEUE)

    page = re.sub("<[^>]+>", "", get_page(admin_client))

    assert "1 disputed label needs a second look." in page
    assert "1 label is probably wrong." in page
