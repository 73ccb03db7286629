import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.admin.tests.test_training_page import LIST, create_run, get_start_panel
from classifier.models import ModelVersion, RunState, TrainingRun
from classifier.tests import factories
from classifier.tests.pages import get_admin_url

pytestmark = pytest.mark.django_db


def test_viewer_cannot_start_or_cancel(
    trainer_client: Client, trainer: User, champion: ModelVersion
) -> None:
    factories.withdraw_permission(trainer, "start_trainingrun")
    assert "<button" not in get_start_panel(trainer_client)
    assert trainer_client.post(f"{LIST}start/", {"how": "scratch"}).status_code == 403

    running = create_run(RunState.RUNNING)
    assert 'form="cancel"' not in trainer_client.get(get_admin_url(running)).text
    assert trainer_client.post(f"{LIST}{running.pk}/cancel/").status_code == 403
    running.refresh_from_db()
    assert (TrainingRun.objects.count(), running.cancel_requested) == (1, False)


def test_viewer_cannot_retry(trainer_client: Client, trainer: User) -> None:
    factories.withdraw_permission(trainer, "start_trainingrun")
    html = trainer_client.get(get_admin_url(create_run(RunState.FAILED))).text
    assert "Try again" not in html
    assert 'id="retry"' not in html


@pytest.mark.parametrize("role", ["anonymous", "labeller"])
def test_user_without_view_permission_is_refused(client: Client, labeller: User, role: str) -> None:
    running = create_run(RunState.RUNNING)
    if role == "labeller":
        client.force_login(labeller)

    answers = [
        client.get(f"{LIST}{running.pk}/live/"),
        client.post(f"{LIST}{running.pk}/cancel/"),
        client.post(f"{LIST}start/", {"how": "scratch"}),
    ]

    status = 302 if role == "anonymous" else 403
    assert [answer.status_code for answer in answers] == [status] * 3
    running.refresh_from_db()
    assert (TrainingRun.objects.count(), running.cancel_requested) == (1, False)


def test_starting_and_cancelling_require_a_post_with_a_csrf_token(trainer: User) -> None:
    running = create_run(RunState.RUNNING)
    client = Client(enforce_csrf_checks=True)
    client.force_login(trainer)

    for address in (f"{LIST}start/", f"{LIST}{running.pk}/cancel/"):
        assert client.get(address).status_code == 405
        assert client.post(address, {"how": "scratch"}).status_code == 403
