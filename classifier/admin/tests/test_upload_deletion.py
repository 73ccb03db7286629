import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from classifier.labelling import labels
from classifier.models import InputImage, Upload, Via
from classifier.tests import factories
from classifier.tests.pages import get_admin_url, read_text

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/upload/"
YES = {"post": "yes"}


@pytest.fixture
def upload(admin_user: User) -> Upload:
    """An upload with two images, one of them labelled."""
    upload = factories.create_upload_with_image()
    labels.set_label(factories.create_image(upload=upload).pk, "7", admin_user, Via.QUEUE)
    return upload


@pytest.fixture
def cleaner(client: Client) -> Client:
    """A client of staff who may only view and delete uploads."""
    user = User.objects.create_user("cleaner", is_staff=True)
    rights = ("view_upload", "delete_upload")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


def build_selection(*uploads: Upload) -> dict[str, object]:
    return {"action": "delete_selected", "_selected_action": [upload.pk for upload in uploads]}


def exists(upload: Upload) -> bool:
    return Upload.objects.filter(pk=upload.pk).exists()


def test_upload_page_has_delete_button(cleaner: Client, upload: Upload) -> None:
    page = cleaner.get(get_admin_url(upload, "change")).text
    assert re.search(rf'<a href="{get_admin_url(upload, "delete")}"[^>]*>Delete', page)


def test_confirmation_counts_what_is_deleted(cleaner: Client, upload: Upload) -> None:
    text = read_text(cleaner, get_admin_url(upload, "delete"))
    assert "Uploads: 1 Images: 2 Labels: 1 Label changes: 1 Suggestions: 0 Predictions: 0" in text
    assert "Models that were trained on them still reflect them" in text
    assert exists(upload)


def test_confirmed_deletion_is_logged(cleaner: Client, upload: Upload) -> None:
    response = cleaner.post(get_admin_url(upload, "delete"), YES)
    assert response.status_code == 302
    assert not exists(upload)
    assert not InputImage.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("cleaner", str(upload.pk))


def test_several_uploads_are_deleted_at_once(cleaner: Client, upload: Upload) -> None:
    other, kept = (factories.create_upload_with_image() for _ in range(2))
    page = cleaner.post(LIST, build_selection(upload, other)).text
    assert "Uploads: 2" in page
    assert "Images: 3" in page
    assert "still reflect them" in page
    cleaner.post(LIST, build_selection(upload, other) | YES)
    assert not exists(upload)
    assert not exists(other)
    assert exists(kept)


def test_viewer_cannot_delete(labeller: User, client: Client, upload: Upload) -> None:
    labeller.user_permissions.add(Permission.objects.get(codename="view_upload"))
    client.force_login(labeller)
    assert "Delete" not in client.get(get_admin_url(upload, "change")).text
    assert "delete_selected" not in client.get(LIST).text
    assert client.post(get_admin_url(upload, "delete"), YES).status_code == 403
    client.post(LIST, build_selection(upload) | YES)
    assert exists(upload)


def test_single_image_cannot_be_deleted(admin_client: Client, upload: Upload) -> None:
    image = upload.images.all()[0]
    assert admin_client.post(get_admin_url(image, "delete"), YES).status_code == 403
    assert InputImage.objects.count() == 2


def test_queue_reports_deleted_image(client: Client, labeller: User, upload: Upload) -> None:
    image = upload.images.all()[0].pk
    upload.delete()
    client.force_login(labeller)
    for answer in ("7", "skip", "undo"):
        data = {"image": image, "answer": answer}
        response = client.post("/admin/classifier/inputimage/queue/answer", data)
        assert (response.status_code, response.text) == (404, "The image has been deleted.")


def test_api_reports_deleted_image(admin_client: Client, upload: Upload) -> None:
    image = upload.images.all()[0].pk
    upload.delete()
    response = admin_client.patch(f"/api/images/{image}", {"label": "7"}, "application/json")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
