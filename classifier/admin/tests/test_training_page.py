import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.models import ModelVersion, RunState, TrainingRun
from classifier.registry import runs
from classifier.tests import factories
from classifier.tests.pages import get_admin_url, read_text

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/trainingrun/"
MODES = [("new", True, False), ("anyway", True, True), ("scratch", False, False)]


def get_start_panel(client: Client) -> str:
    html = client.get(LIST).text
    match = re.search(r'(?s)<section class="panel" aria-label="Train">.*?</section>', html)
    assert match
    return " ".join(unescape(match[0]).split())


def test_button_shows_the_number_of_new_labels(
    trainer_client: Client, learner: ModelVersion
) -> None:
    for label in ("7", "8"):
        factories.create_image(label=label)

    text = get_start_panel(trainer_client)

    assert 'value="new">Train: 2 new labels since model learner</button>' in text
    assert 'value="scratch">Train from scratch</button>' in text
    assert "without new labels" not in text


def test_without_new_labels_force_and_scratch_remain(
    trainer_client: Client, learner: ModelVersion
) -> None:
    text = get_start_panel(trainer_client)

    assert "disabled>No new labels since model learner</button>" in text
    assert re.findall(r'name="how" value="(\w+)"', text) == ["anyway", "scratch"]


def test_without_a_champion_only_scratch_remains(trainer_client: Client) -> None:
    buttons = re.findall(r'<button[^>]* value="(\w+)">([^<]*)<', get_start_panel(trainer_client))

    assert buttons == [("scratch", "Train from scratch")]


@pytest.mark.parametrize(("how", "fine_tune", "force"), MODES)
def test_button_queues_a_run_and_opens_its_page(
    trainer_client: Client,
    learner: ModelVersion,
    trainer: User,
    how: str,
    fine_tune: bool,
    force: bool,
) -> None:
    factories.create_image(label="7")

    response = trainer_client.post(f"{LIST}start/", {"how": how})

    queued = TrainingRun.objects.get()
    assert response.headers["Location"] == get_admin_url(queued)
    assert (queued.fine_tune, queued.force, queued.asked_by) == (fine_tune, force, trainer)
    assert ProcrastinateJob.objects.get(queue_name="training").args["run_id"] == queued.pk
    assert "waiting for the worker" in read_text(trainer_client, get_admin_url(queued))


def test_second_run_is_refused(trainer_client: Client, learner: ModelVersion) -> None:
    first = factories.create_run(RunState.RUNNING, stage="Measuring")

    response = trainer_client.post(f"{LIST}start/", {"how": "scratch"}, follow=True)

    assert "has not finished, and only one can run" in response.text
    assert TrainingRun.objects.get() == first
    text = get_start_panel(trainer_client)
    assert f'href="{get_admin_url(first)}"' in text
    assert "is running: Measuring." in text
    assert "<button" not in text


def test_run_without_new_labels_is_refused(trainer_client: Client, learner: ModelVersion) -> None:
    response = trainer_client.post(f"{LIST}start/", {"how": "new"}, follow=True)

    assert "No label has been set since model learner was made." in response.text
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize("how", ["", "backwards"])
def test_unknown_mode_is_refused(trainer_client: Client, how: str) -> None:
    assert trainer_client.post(f"{LIST}start/", {"how": how}).status_code == 400
    assert not TrainingRun.objects.exists()


def test_run_shows_stage_progress_curves_and_log(trainer_client: Client, trainer: User) -> None:
    progress = [
        {"member": 1, "epoch": 1, "loss": 0.5, "accuracy": 0.9},
        {"member": 1, "epoch": 2, "loss": 0.25, "accuracy": 0.95},
        {"member": 2, "epoch": 1, "loss": 0.4321, "accuracy": 0.9123},
    ]
    running = factories.create_run(
        RunState.RUNNING,
        stage="Training member 2 of 2",
        progress=progress,
        log="Training on 9 images <of> MNIST.",
        asked_by=trainer,
    )

    html = trainer_client.get(get_admin_url(running)).text
    text = read_text(trainer_client, get_admin_url(running))

    assert "Running Training member 2 of 2" in text
    assert "Member 2, epoch 1: loss 0.4321, accuracy 91.2\N{NO-BREAK SPACE}%" in html
    assert ", trainer" in text
    assert "Training on 9 images <of> MNIST." in text
    svgs = re.findall(r'<svg[^>]*aria-label="([^"]*)"', html.replace("\N{NO-BREAK SPACE}", " "))
    assert svgs == [
        "Loss. member 1: from 0.5 to 0.25; member 2: from 0.4321 to 0.4321",
        "Accuracy. member 1: from 90 % to 95 %; member 2: from 91.2 % to 91.2 %",
    ]
    assert html.count("<polyline") == 4


def test_page_is_updated_until_the_run_finishes(trainer_client: Client) -> None:
    running = factories.create_run(RunState.RUNNING)
    live = f"{LIST}{running.pk}/live/"
    assert f'data-live="{live}"' in trainer_client.get(get_admin_url(running)).text
    assert 'form="cancel"' in trainer_client.get(live).text

    runs.finish_run(running.pk, RunState.FAILED, error="Out of memory.")

    for address in (live, get_admin_url(running)):
        html = trainer_client.get(address).text
        assert "data-live" not in html
        assert 'form="cancel"' not in html
        assert "Out of memory." in html


@pytest.mark.parametrize(("how", "fine_tune", "force"), MODES)
@pytest.mark.parametrize("address", ["{run}/change/", "{run}/live/"])
def test_failed_run_is_retried_in_its_mode(
    trainer_client: Client,
    learner: ModelVersion,
    address: str,
    how: str,
    fine_tune: bool,
    force: bool,
) -> None:
    factories.create_image(label="7")
    failed = factories.create_run(RunState.FAILED, fine_tune=fine_tune, force=force)

    html = trainer_client.get(LIST + address.format(run=failed.pk)).text
    [button] = re.findall(r'<button[^>]* form="retry" name="how" value="(\w+)">Try again<', html)
    trainer_client.post(f"{LIST}start/", {"how": button})

    assert button == how
    again = TrainingRun.objects.get(state=RunState.QUEUED)
    assert (again.fine_tune, again.force) == (fine_tune, force)


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.CANCELLED, RunState.NOTHING_NEW])
def test_run_that_has_not_failed_cannot_be_retried(trainer_client: Client, state: RunState) -> None:
    html = trainer_client.get(get_admin_url(factories.create_run(state))).text
    assert '<form id="retry" method="post" action="/admin/classifier/trainingrun/start/">' in html
    assert "Try again" not in html


@pytest.mark.parametrize("address", ["", "{run}/change/", "{run}/live/"])
def test_run_of_a_killed_process_is_shown_as_failed(trainer_client: Client, address: str) -> None:
    minute_ago = timezone.now() - timedelta(minutes=1)
    killed = factories.create_run(RunState.RUNNING, heartbeat_at=minute_ago)

    text = read_text(trainer_client, LIST + address.format(run=killed.pk))

    assert "Failed" in text
    assert "The training process was killed" in text


@pytest.mark.parametrize(
    ("state", "comparison", "text"),
    [
        ("candidate", {}, "It is not in service yet. See what it learned"),
        ("champion", {}, "It is in service."),
        ("rejected", {"reason": "Two images got worse."}, "was rejected. Two images got worse."),
    ],
)
def test_successful_run_links_to_its_model(
    trainer_client: Client, state: str, comparison: dict[str, Any], text: str
) -> None:
    result = factories.create_version(name="better", state=state, comparison=comparison)
    done = factories.create_run(RunState.SUCCEEDED, result=result)

    html = trainer_client.get(get_admin_url(done)).text

    assert f'<a href="/admin/classifier/modelversion/{result.pk}/change/">better</a>' in html
    assert text in read_text(trainer_client, get_admin_url(done))


def test_queued_run_is_cancelled_at_once(trainer_client: Client) -> None:
    waiting = runs.queue_run(None, fine_tune=False)

    response = trainer_client.post(f"{LIST}{waiting.pk}/cancel/")

    assert response.headers["Location"] == get_admin_url(waiting)
    assert "Cancelled" in read_text(trainer_client, get_admin_url(waiting))


def test_running_run_is_marked_to_stop(trainer_client: Client) -> None:
    running = factories.create_run(RunState.RUNNING)

    trainer_client.post(f"{LIST}{running.pk}/cancel/")

    assert "stopping …" in read_text(trainer_client, get_admin_url(running))
    assert not runs.record_heartbeat(running.pk)


def test_cancelling_a_finished_run_is_refused(trainer_client: Client) -> None:
    finished = factories.create_run(RunState.FAILED)

    response = trainer_client.post(f"{LIST}{finished.pk}/cancel/", follow=True)

    assert "This run has already finished." in response.text


def test_unknown_run_is_not_found(trainer_client: Client) -> None:
    assert trainer_client.get(f"{LIST}999/live/").status_code == 404
    assert trainer_client.post(f"{LIST}999/cancel/").status_code == 404


def test_viewer_cannot_start_cancel_or_retry(
    trainer_client: Client, trainer: User, champion: ModelVersion
) -> None:
    factories.withdraw_permission(trainer, "start_trainingrun")
    assert "<button" not in get_start_panel(trainer_client)
    assert trainer_client.post(f"{LIST}start/", {"how": "scratch"}).status_code == 403

    running = factories.create_run(RunState.RUNNING)
    assert 'form="cancel"' not in trainer_client.get(get_admin_url(running)).text
    assert trainer_client.post(f"{LIST}{running.pk}/cancel/").status_code == 403
    running.refresh_from_db()
    assert (TrainingRun.objects.count(), running.cancel_requested) == (1, False)

    html = trainer_client.get(get_admin_url(factories.create_run(RunState.FAILED))).text
    assert "Try again" not in html
    assert 'id="retry"' not in html
