"""From an upload to a promoted model, by HTTP and with a real worker; and failed training."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest

from mnistsite.tests.site import CallApi, Site, find_workers, get_command_line, is_alive, wait_until

pytestmark = pytest.mark.usefixtures("part_of_sample")

DELETE_MOST = """
from classifier.models import InputImage
InputImage.objects.filter(source="mnist_sample", id__gte="6" + 31 * "0").delete()
"""

SERVED_WITHIN_S = 2
TRAINED_WITHIN_S = 600


@pytest.fixture(scope="module")
def part_of_sample(site: Site) -> None:
    """About 1,900 digits of MNIST, which train in less time than the sample."""
    site.manage("loadmnist", "--sample")
    site.manage("shell", "--verbosity", "0", "--command", DELETE_MOST)


def test_labels_become_a_new_model_that_serves_without_a_restart(
    site: Site, call_api: CallApi, draw_digit: Callable[..., bytes]
) -> None:
    ids = [site.predict(draw_digit(7, which))["digits"][0]["id"] for which in range(12)]
    waiting = {image["id"] for image in call_api("/api/images?label=unknown")["results"]}
    assert set(ids) <= waiting
    for image_id in ids[:10]:
        assert call_api(f"/api/images/{image_id}", {"label": "7"}, "PATCH")["label"] == "7"

    queued = call_api("/api/runs", {"fine_tune": True})
    assert queued["state"] == "queued"
    with pytest.raises(HTTPError) as conflict:
        call_api("/api/runs", {"fine_tune": True})
    assert (conflict.value.code, json.load(conflict.value)["code"]) == (409, "already_training")

    run = wait_for_end(call_api, queued["id"])
    assert run["state"] == "succeeded", run["error"]
    assert len(run["progress"]) == 3 * (len(run["progress"]) // 3), "epochs of three members"
    snapshot = call_api(f"/api/models/{run['result']}")["snapshot"]
    trained_on = set(snapshot["corrected"])
    assert trained_on <= set(ids[:10])
    assert len(trained_on) + snapshot["left_out"]["held_out"] == 10
    assert set(snapshot["since"]["images"]) == trained_on
    assert site.predict(draw_digit(7))["model"] == "baseline"

    promote = f"/api/models/{run['result']}/promote"
    assert call_api(promote, {"reason": "It recognises sevens."})["state"] == "champion"
    assert wait_until(
        lambda: site.predict(draw_digit(7))["model"] == run["result"], SERVED_WITHIN_S
    )
    call_api("/api/promotions/rollback", {})
    assert wait_until(lambda: site.predict(draw_digit(7))["model"] == "baseline", SERVED_WITHIN_S)


def wait_for_end(call_api: CallApi, run_id: int) -> Any:
    def has_ended() -> bool:
        return bool(call_api(f"/api/runs/{run_id}")["finished_at"])

    assert wait_until(has_ended, TRAINED_WITHIN_S)
    return call_api(f"/api/runs/{run_id}")


def start_run(call_api: CallApi) -> int:
    """Start a run, wait until its process works, and return its id."""
    run_id: int = call_api("/api/runs", {"fine_tune": False})["id"]
    assert wait_until(lambda: bool(call_api(f"/api/runs/{run_id}")["log"]), TRAINED_WITHIN_S)
    return run_id


def test_killed_training_fails_and_the_next_is_cancelled(site: Site, call_api: CallApi) -> None:
    killed = start_run(call_api)
    (training,) = find_trainings(site)
    training.kill()
    run = wait_for_end(call_api, killed)
    assert (run["state"], run["result"]) == ("failed", None)
    assert "ended with code -9" in run["error"]

    cancelled = start_run(call_api)
    call_api(f"/api/runs/{cancelled}/cancel", {})
    assert wait_for_end(call_api, cancelled)["state"] == "cancelled"
    assert wait_until(lambda: not find_trainings(site), 15)


def test_killed_worker_ends_its_training_and_is_restarted(
    site: Site, call_api: CallApi, draw_digit: Callable[..., bytes]
) -> None:
    run_id = start_run(call_api)
    (killed_worker,), (training,) = find_workers(site), find_trainings(site)
    killed_worker.kill()
    run = wait_for_end(call_api, run_id)
    assert (run["state"], run["result"]) == ("failed", None)
    # Either the training or the search for lost runs detects it first.
    reasons = ("worker that started the training is gone", "or its machine is gone")
    assert any(reason in run["error"] for reason in reasons)
    assert wait_until(lambda: not is_alive(training), 15)
    assert wait_until(lambda: [w for w in find_workers(site) if w != killed_worker] != [], 15)
    assert site.predict(draw_digit(7))["label"] == "7"


def find_trainings(site: Site) -> list[psutil.Process]:
    descendants = psutil.Process(site.process.pid).children(recursive=True)
    return [process for process in descendants if "manage.py train" in get_command_line(process)]
