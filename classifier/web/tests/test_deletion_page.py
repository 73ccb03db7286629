"""Staff with the right delete uploads in the admin, told beforehand what goes with them."""

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
    """Two images, one of them labelled."""
    upload = uploaded()
    labels.set_label(factories.create_image(upload=upload).pk, "7", admin_user, Via.QUEUE)
    return upload


@pytest.fixture
def cleaner(client: Client) -> Client:
    """Of staff who may look at uploads and delete them, and nothing else."""
    user = User.objects.create_user("cleaner", is_staff=True)
    rights = ("view_upload", "delete_upload")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


def uploaded() -> Upload:
    upload = factories.create_image().upload
    assert upload
    return upload


def selected(*uploads: Upload) -> dict[str, object]:
    return {"action": "delete_selected", "_selected_action": [upload.pk for upload in uploads]}


def gone(upload: Upload) -> bool:
    return not Upload.objects.filter(pk=upload.pk).exists()


def test_the_page_of_an_upload_has_a_button(cleaner: Client, upload: Upload) -> None:
    page = cleaner.get(get_admin_url(upload, "change")).content.decode()
    assert re.search(rf'<a href="{get_admin_url(upload, "delete")}"[^>]*>Delete', page)


def test_what_goes_is_told_first(cleaner: Client, upload: Upload) -> None:
    told = read_text(cleaner, get_admin_url(upload, "delete"))
    assert "Uploads: 1 Images: 2 Labels: 1 Label changes: 1 Suggestions: 0 Predictions: 0" in told
    assert "Models that have learnt from them keep what they learnt" in told
    assert not gone(upload)


def test_it_is_deleted_once_that_is_confirmed(cleaner: Client, upload: Upload) -> None:
    response = cleaner.post(get_admin_url(upload, "delete"), YES)
    assert response.status_code == 302
    assert gone(upload)
    assert not InputImage.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("cleaner", str(upload.pk))


def test_many_are_deleted_at_once(cleaner: Client, upload: Upload) -> None:
    other, stays = uploaded(), uploaded()
    asked = cleaner.post(LIST, selected(upload, other)).content.decode()
    assert "Uploads: 2" in asked
    assert "Images: 3" in asked
    assert "keep what they learnt" in asked
    cleaner.post(LIST, selected(upload, other) | YES)
    assert gone(upload)
    assert gone(other)
    assert not gone(stays)


def test_who_may_only_look_can_t_delete(labeller: User, client: Client, upload: Upload) -> None:
    labeller.user_permissions.add(Permission.objects.get(codename="view_upload"))
    client.force_login(labeller)
    assert "Delete" not in client.get(get_admin_url(upload, "change")).content.decode()
    assert "delete_selected" not in client.get(LIST).content.decode()
    assert client.post(get_admin_url(upload, "delete"), YES).status_code == 403
    client.post(LIST, selected(upload) | YES)
    assert not gone(upload)


def test_an_outsider_is_sent_to_the_login(outsider: User, client: Client, upload: Upload) -> None:
    client.force_login(outsider)
    response = client.post(get_admin_url(upload, "delete"), YES)
    assert response.status_code == 302
    assert "login" in response.headers["Location"]
    assert not gone(upload)


def test_an_image_goes_with_its_upload_or_not_at_all(
    admin_user: User, client: Client, upload: Upload
) -> None:
    client.force_login(admin_user)
    image = upload.images.all()[0]
    assert client.post(f"/admin/classifier/inputimage/{image.pk}/delete/", YES).status_code == 403
    assert InputImage.objects.count() == 2


def test_the_script_of_the_queue_is_told_that_an_image_is_gone(
    client: Client, labeller: User, upload: Upload
) -> None:
    image = upload.images.all()[0].pk
    upload.delete()
    client.force_login(labeller)
    for answer in ("7", "skip", "undo"):
        sent = {"image": image, "answer": answer}
        response = client.post("/admin/classifier/inputimage/queue/answer", sent)
        assert (response.status_code, response.text) == (404, "The image has been deleted.")


def test_the_api_says_so_too(client: Client, admin_user: User, upload: Upload) -> None:
    image = upload.images.all()[0].pk
    upload.delete()
    client.force_login(admin_user)
    said = client.patch(f"/api/images/{image}", {"label": "7"}, "application/json")
    assert (said.status_code, said.json()["code"]) == (404, "not_found")
