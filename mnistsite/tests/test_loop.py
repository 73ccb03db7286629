"""From an upload to a better model that serves, by HTTP and a real worker; and what ends early."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest

from mnistsite.tests.stack import Site, Staff, command_line, eventually, lives, workers

pytestmark = pytest.mark.usefixtures("half_sample")

DELETE_HALF = """
from classifier.models import InputImage
InputImage.objects.filter(source="mnist_sample", id__gte="8" + 31 * "0").delete()
"""

TAKEN_UP_WITHIN_S = 2
TRAINED_WITHIN_S = 600


@pytest.fixture(scope="module")
def half_sample(site: Site) -> None:
    """Some 2,500 digits of MNIST in the database, which train in half of the sample's time."""
    site.manage("loadmnist", "--sample")
    site.manage("shell", "--verbosity", "0", "--command", DELETE_HALF)


def test_a_correction_becomes_a_better_model_that_serves_without_a_restart(
    site: Site, staff: Staff, drawn: Callable[..., bytes]
) -> None:
    """All of it by HTTP; the training is the worker's."""
    ids = [site.predict(drawn(7, which))["digits"][0]["id"] for which in range(12)]
    waiting = {image["id"] for image in staff("/api/images?label=unknown")["results"]}
    assert set(ids) <= waiting
    for image_id in ids[:10]:
        assert staff(f"/api/images/{image_id}", {"label": "7"}, "PATCH")["label"] == "7"

    asked = staff("/api/runs", {"fine_tune": True})
    assert asked["state"] == "queued"
    with pytest.raises(HTTPError) as second:
        staff("/api/runs", {"fine_tune": True})
    assert (second.value.code, json.load(second.value)["code"]) == (409, "already_training")

    run = ended(staff, asked["id"])
    assert run["state"] == "succeeded", run["error"]
    assert len(run["progress"]) == 3 * (len(run["progress"]) // 3), "three members learn on"
    snapshot = staff(f"/api/models/{run['result']}")["snapshot"]
    learnt = set(snapshot["corrected"])
    assert learnt <= set(ids[:10])
    assert len(learnt) + snapshot["left_out"]["held_out"] == 10
    assert set(snapshot["since"]["images"]) == learnt
    assert site.predict(drawn(7))["model"] == "baseline"

    promote = f"/api/models/{run['result']}/promote"
    assert staff(promote, {"reason": "It reads sevens."})["state"] == "champion"
    assert eventually(lambda: site.predict(drawn(7))["model"] == run["result"], TAKEN_UP_WITHIN_S)
    staff("/api/promotions/rollback", {})
    assert eventually(lambda: site.predict(drawn(7))["model"] == "baseline", TAKEN_UP_WITHIN_S)


def ended(staff: Staff, run_id: int) -> Any:
    def has_ended() -> bool:
        return bool(staff(f"/api/runs/{run_id}")["finished_at"])

    assert eventually(has_ended, TRAINED_WITHIN_S)
    return staff(f"/api/runs/{run_id}")


def begun(staff: Staff) -> int:
    """The id of a new run whose process is at work."""
    run_id: int = staff("/api/runs", {"fine_tune": False})["id"]
    assert eventually(lambda: bool(staff(f"/api/runs/{run_id}")["log"]), TRAINED_WITHIN_S)
    return run_id


def test_a_training_whose_process_is_killed_has_failed_and_the_next_can_be_cancelled(
    site: Site, staff: Staff
) -> None:
    killed = begun(staff)
    (training,) = trainings(site)
    training.kill()
    run = ended(staff, killed)
    assert (run["state"], run["result"]) == ("failed", None)
    assert "ended with code -9" in run["error"]

    cancelled = begun(staff)
    staff(f"/api/runs/{cancelled}/cancel", {})
    assert ended(staff, cancelled)["state"] == "cancelled"
    assert eventually(lambda: not trainings(site), 15)


def test_a_worker_that_is_killed_takes_its_training_along_and_is_started_again(
    site: Site, staff: Staff, drawn: Callable[..., bytes]
) -> None:
    run_id = begun(staff)
    (ended_worker,), (training,) = workers(site), trainings(site)
    ended_worker.kill()
    run = ended(staff, run_id)
    assert (run["state"], run["result"]) == ("failed", None)
    # Either the training notices first, or whoever looks for silent runs.
    reasons = ("worker that had started the training is gone", "or its machine is gone")
    assert any(reason in run["error"] for reason in reasons)
    assert eventually(lambda: not lives(training), 15)
    assert eventually(lambda: [w for w in workers(site) if w != ended_worker] != [], 15)
    assert site.predict(drawn(7))["label"] == "7"


def trainings(site: Site) -> list[psutil.Process]:
    descendants = psutil.Process(site.process.pid).children(recursive=True)
    return [each for each in descendants if "manage.py train" in command_line(each)]
