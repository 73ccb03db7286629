from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import ApiToken, AuditEntry, Erasure, InputImage, TrainingRun, Webhook
from classifier.recognition.labels import Event, Scope
from classifier.tests import factories
from classifier.webhooks import events

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label == "classifier"]
# The models that staff create; the others are records.
EDITABLE = ("apitoken", "webhook")


def list_addresses(*without: str) -> list[str]:
    """Create a row of each model and return the addresses of its pages."""
    image, version, user = (
        factories.create_image(),
        factories.create_version(),
        User.objects.latest("pk"),
    )
    token = ApiToken.objects.create(name="made", user=user, scopes=[Scope.READ])
    webhook = Webhook.objects.create(url="http://receiver/", events=[Event.LABEL_CREATED])
    events.send_test(webhook)
    rows = {
        "auditentry": AuditEntry.objects.create(action="login").pk,
        "apitoken": token.pk,
        "delivery": webhook.deliveries.get().pk,
        "webhook": webhook.pk,
        "inputimage": image.pk,
        "upload": image.upload_id,
        "erasure": Erasure.objects.create(image_id=uuid4(), upload_id=uuid4()).pk,
        "modelversion": version.pk,
        "trainingrun": TrainingRun.objects.create().pk,
    }
    addresses = ["/admin/classifier/"]
    for name in {model._meta.model_name or "" for model in MODELS} - {*without}:
        start = f"/admin/classifier/{name}/"
        row = f"{start}{rows[name]}/"
        addresses += [start, start + "add/", row + "change/", row + "delete/", row + "history/"]
    return addresses


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ["anonymous", "outsider", "staff without rights"])
def test_user_without_permission_is_refused(
    client: Client, outsider: User, role: str, method: str
) -> None:
    outsider.is_staff = role == "staff without rights"
    outsider.save()
    if role != "anonymous":
        client.force_login(outsider)

    for address in list_addresses():
        response = getattr(client, method)(address, {"label": "7"})
        if outsider.is_staff:
            assert response.status_code in (403, 404), address
        else:
            assert response.status_code == 302, address
            assert response.headers["Location"].startswith("/admin/login/"), address
    assert InputImage.objects.get().label == "unknown"


def test_records_cannot_be_added_changed_or_deleted(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)

    for address in list_addresses(*EDITABLE):
        if "/upload/" in address and address.endswith("/delete/"):
            assert client.get(address).status_code == 200, (
                "an upload is deleted with its derived rows"
            )
        elif address.endswith(("/add/", "/delete/")):
            assert client.get(address).status_code == 403, address
        elif address.endswith("/change/") and "inputimage" not in address:
            assert client.post(address, {"name": "x"}).status_code == 403, address
            assert client.get(address).status_code == 200, address
        else:
            assert client.get(address).status_code == 200, address
