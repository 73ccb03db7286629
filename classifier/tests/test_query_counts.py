"""Pages and the queue take as many queries for many rows as for few."""

import secrets
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.labelling import queue, selection
from classifier.labelling.selection import Order
from classifier.models import (
    Alarm,
    AlarmKind,
    Audit,
    Delivery,
    Erasure,
    LabelCheck,
    ModelVersion,
    RunState,
    ShadowReading,
    Webhook,
)
from classifier.tests import factories
from classifier.tests.database import count_queries
from classifier.tests.pages import get_admin_url

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

LEASED = 12  # images at once
ADMIN = "/admin/classifier"
PAGES = [
    "/admin/",
    f"{ADMIN}/inputimage/",
    f"{ADMIN}/inputimage/?label=all",
    f"{ADMIN}/inputimage/grid/?guess=7",
    f"{ADMIN}/upload/",
    f"{ADMIN}/modelversion/",
    f"{ADMIN}/modelversion/timeline/",
    f"{ADMIN}/trainingrun/",
    f"{ADMIN}/erasure/",
    f"{ADMIN}/delivery/",
    "/api/images",
    "/api/models",
    "/api/promotions",
    "/api/runs",
]


@pytest.fixture
def candidate(champion: ModelVersion) -> ModelVersion:
    sets = {"test": {"images": 9, "champion_right": 9, "candidate_right": 9, "p": 1.0}}
    for each in sets.values():
        each |= {"better": [], "worse": []}  # type: ignore[dict-item]
    comparison = {"against": "baseline", "passed": True, "reason": "All well.", "sets": sets}
    return factories.create_version(name="candidate", comparison=comparison)


def add_rows(champion: ModelVersion, candidate: ModelVersion) -> None:
    """Add an image with everything that refers to it, to an open alarm, the models and the runs.

    A new user has labelled it, answered a check and started the run.
    """
    user = User.objects.create_user(uuid4().hex)
    image = factories.create_queue_item().image
    prediction = factories.create_prediction(image, champion)
    Audit.objects.create(image=image, prediction=prediction)
    ShadowReading.objects.create(
        image=image, model=candidate, guess="1", served_guess="7", confidence=0.9
    )
    labelled = factories.create_queue_item(
        image=factories.create_image(label="4", labelled_by=user)
    ).image
    LabelCheck.objects.create(
        image=labelled, asked_of=user, label="4", answer="4", answered_at=labelled.labelled_at
    )
    changed = factories.create_mnist_image(label="4")
    group = {"image": str(labelled.pk), "images": 1, "champion": "9", "candidate": "4"}
    label = {"label": "4", "images": 1, "champion_right": 0, "candidate_right": 1}
    candidate.effects.setdefault("labels", [label | {"groups": []}])[0]["groups"].append(group)
    candidate.comparison["sets"]["test"]["better"].append(str(changed.pk))
    candidate.snapshot.setdefault("corrected", {})[str(labelled.pk)] = "4"
    candidate.save()
    alarm, _ = Alarm.objects.get_or_create(kind=AlarmKind.INPUT_DRIFTED, message="Changed.")
    alarm.causes.append(image.pk)
    alarm.save()
    Erasure.objects.create(image_id=uuid4(), upload_id=uuid4(), trained_models=["baseline"])
    finished = factories.create_version(name=uuid4().hex, state="retired")
    factories.create_run(RunState.SUCCEEDED, result=finished, asked_by=user)
    webhook = Webhook.objects.get_or_create(url="http://receiver/", events=["label.created"])[0]
    payload = {"type": "label.created", "timestamp": "", "data": {}}
    Delivery.objects.create(webhook=webhook, event="label.created", payload=payload)


def test_pages_take_a_constant_number_of_queries(
    admin_client: Client, champion: ModelVersion, candidate: ModelVersion
) -> None:
    pages = [*PAGES, get_admin_url(candidate)]
    for _ in range(3):
        add_rows(champion, candidate)
    for path in pages:
        assert admin_client.get(path).status_code == 200, path  # fills caches
    few = {path: count_queries(partial(admin_client.get, path)) for path in pages}
    for _ in range(6):  # still one page of each list
        add_rows(champion, candidate)

    many = {path: count_queries(partial(admin_client.get, path)) for path in pages}

    assert many == few


@pytest.mark.parametrize("order", Order)
def test_next_images_take_a_constant_number_of_queries(
    order: Order,
    anna: User,
    champion: ModelVersion,
    candidate: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: 0)  # all places are for audits
    monkeypatch.setattr(selection, "uuid4", lambda: UUID(int=0))  # and the first id comes first
    lease = partial(queue.lease_next, anna, order, LEASED)
    for _ in range(LEASED + 3):
        add_rows(champion, candidate)
    few = count_queries(lease)
    for _ in range(LEASED + 3):
        add_rows(champion, candidate)

    assert count_queries(lease) == few
