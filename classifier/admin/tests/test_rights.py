from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import (
    ApiToken,
    AuditEntry,
    Delivery,
    Erasure,
    InputImage,
    Promotion,
    RunState,
    TrainingRun,
    Webhook,
)
from classifier.recognition.labels import Event, Scope
from classifier.tests import factories
from classifier.webhooks import events

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label == "classifier"]
# The models that staff create; the others are records.
EDITABLE = ("apitoken", "webhook")


OWN_PAGES = [
    *(f"inputimage/{page}/" for page in ("queue", "grid", "rows", "transfer")),
    *("inputimage/queue/boxes/{inputimage}", "modelversion/timeline/"),
    "trainingrun/{trainingrun}/live/",
]
ACTIONS = [
    *("inputimage/queue/answer", "inputimage/queue/next", "modelversion/rollback/"),
    *(f"modelversion/{{modelversion}}/{action}/" for action in ("promote", "reject", "try")),
    *("trainingrun/start/", "trainingrun/{trainingrun}/cancel/"),
    *("webhook/{webhook}/test/", "webhook/{webhook}/secret/"),
]


def create_rows() -> dict[str, object]:
    """Create a row of each model, and return their keys."""
    image, user = factories.create_queue_item().image, User.objects.latest("pk")
    webhook = Webhook.objects.create(url="http://receiver/", events=[Event.LABEL_CREATED])
    events.send_test(webhook)
    return {
        "auditentry": AuditEntry.objects.create(action="login").pk,
        "apitoken": ApiToken.objects.create(name="made", user=user, scopes=[Scope.READ]).pk,
        "delivery": webhook.deliveries.get().pk,
        "webhook": webhook.pk,
        "inputimage": image.pk,
        "upload": image.upload_id,
        "erasure": Erasure.objects.create(image_id=uuid4(), upload_id=uuid4()).pk,
        "modelversion": factories.create_version().pk,
        "trainingrun": TrainingRun.objects.create().pk,
    }


def list_addresses(rows: dict[str, object], *without: str) -> list[str]:
    """Return the addresses of the pages that Django's admin has for each model."""
    addresses = ["/admin/classifier/"]
    for name in {model._meta.model_name or "" for model in MODELS} - {*without}:
        start = f"/admin/classifier/{name}/"
        row = f"{start}{rows[name]}/"
        addresses += [start, start + "add/", row + "change/", row + "delete/", row + "history/"]
    return addresses


def list_own_addresses(rows: dict[str, object], *pages: str) -> list[str]:
    return [f"/admin/classifier/{page.format(**rows)}" for page in pages]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ["anonymous", "outsider", "staff without rights"])
def test_user_without_permission_is_refused(
    client: Client, outsider: User, role: str, method: str
) -> None:
    outsider.is_staff = role == "staff without rights"
    outsider.save()
    if role != "anonymous":
        client.force_login(outsider)
    rows = create_rows()

    for address in list_addresses(rows) + list_own_addresses(rows, *OWN_PAGES, *ACTIONS):
        response = getattr(client, method)(address, {"label": "7", "answer": "7", "post": "yes"})
        if outsider.is_staff:
            assert response.status_code in (403, 404, 405), address
        else:
            assert response.status_code == 302, address
            assert response.headers["Location"].startswith("/admin/login/"), address
    assert InputImage.objects.get().label == "unknown"
    assert TrainingRun.objects.get().state != RunState.CANCELLED
    assert not Promotion.objects.exists()
    assert Webhook.objects.get().secret == ""
    assert Delivery.objects.count() == 1


def test_actions_require_a_post_with_a_csrf_token(admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    for address in list_own_addresses(create_rows(), *ACTIONS):
        assert client.get(address).status_code == 405, address
        assert client.post(address).status_code == 403, address


def test_records_cannot_be_added_changed_or_deleted(admin_client: Client) -> None:
    for address in list_addresses(create_rows(), *EDITABLE):
        if "/upload/" in address and address.endswith("/delete/"):
            assert admin_client.get(address).status_code == 200, (
                "an upload is deleted with its derived rows"
            )
        elif address.endswith(("/add/", "/delete/")):
            assert admin_client.get(address).status_code == 403, address
        elif address.endswith("/change/") and "inputimage" not in address:
            assert admin_client.post(address, {"name": "x"}).status_code == 403, address
            assert admin_client.get(address).status_code == 200, address
        else:
            assert admin_client.get(address).status_code == 200, address
