from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from classifier.models import ModelState, RunState
from classifier.tests import factories
from classifier.tests.pages import get_admin_url

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("passed_s", "share", "left"),
    [
        (60, "0.2", "About 4 minutes left."),
        (270, "0.9", "About a minute left."),
        (500, "0.95", "It takes longer than usual."),
    ],
)
def test_progress_is_measured_by_the_last_run_of_its_kind(
    trainer_client: Client, passed_s: int, share: str, left: str
) -> None:
    now = timezone.now()
    learner = factories.create_version(name="learner", state=ModelState.CHAMPION)
    start = {"started_at": now - timedelta(minutes=5), "finished_at": now}
    factories.create_run(RunState.SUCCEEDED, result=learner, fine_tune=True, **start)
    started_at = now - timedelta(seconds=passed_s)
    running = factories.create_run(RunState.RUNNING, fine_tune=True, started_at=started_at)

    html = trainer_client.get(get_admin_url(running)).text

    assert f'<progress max="1" value="{share}' in html
    assert left in html


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FAILED])
def test_run_that_is_not_running_has_no_progress(trainer_client: Client, state: RunState) -> None:
    run = factories.create_run(state)

    assert "<progress" not in trainer_client.get(get_admin_url(run)).text
