from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier import tasks
from classifier.labelling import labels
from classifier.models import InputImage, ModelVersion, Upload, Via
from classifier.tests.files import list_stored_files
from classifier.tests.pages import read_text
from classifier.tests.pictures import Draw
from classifier.tests.visitors import create_upload_by, list_messages, send_pictures
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db


OTHER_VISITOR = "7d4c1a52-8f0e-4d4f-9f43-54e6a3c7b0de"


@pytest.fixture
def visitor(client: Client) -> UUID:
    """The visitor whose cookie `client` has."""
    visitor = uuid4()
    client.cookies["visitor"] = str(visitor)
    return visitor


def test_sender_deletes_upload_and_file(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    send_pictures(client, draw_digit(7))
    upload = Upload.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"/delete/{upload.pk}", follow=True)
    assert list_messages(response)[-1] == "The picture has been deleted."
    assert not Upload.objects.exists()
    assert not list_stored_files(settings)


@pytest.mark.parametrize("cookie", [None, "", OTHER_VISITOR, "None", "nobody"])
@pytest.mark.parametrize("sender", [uuid4(), None], ids=["known", "unknown"])
def test_other_browser_cannot_delete(
    client: Client, cookie: str | None, sender: UUID | None
) -> None:
    upload = create_upload_by(sender)
    if cookie is not None:
        client.cookies["visitor"] = cookie
    response = client.post(f"/delete/{upload.pk}")
    assert response.status_code == 403
    assert "can only be deleted from the browser that sent it" in response.text
    assert Upload.objects.exists()


def test_user_without_permission_cannot_delete(client: Client, outsider: User) -> None:
    client.force_login(outsider)
    upload = create_upload_by(uuid4())
    assert client.post(f"/delete/{upload.pk}").status_code == 403
    client.post("/mine/delete")
    assert Upload.objects.exists()


def test_missing_upload_is_not_found(client: Client, visitor: UUID) -> None:
    assert client.post(f"/delete/{uuid4()}").status_code == 404


@pytest.mark.parametrize("address", ["/delete/{}", "/mine/delete"])
def test_form_without_csrf_token_is_rejected(visitor: UUID, address: str) -> None:
    upload = create_upload_by(visitor)
    client = Client(enforce_csrf_checks=True)
    client.cookies["visitor"] = str(visitor)
    assert client.post(address.format(upload.pk)).status_code == 403
    assert Upload.objects.exists()


def test_get_request_deletes_nothing(client: Client, visitor: UUID) -> None:
    upload = create_upload_by(visitor)
    assert client.get(f"/delete/{upload.pk}").status_code == 405
    assert client.get("/mine/delete").status_code == 200
    assert Upload.objects.exists()


def test_confirmation_counts_what_is_deleted(
    client: Client, visitor: UUID, admin_user: User
) -> None:
    image = create_upload_by(visitor).images.get()
    create_upload_by(visitor)
    create_upload_by(uuid4())
    labels.set_label(image.pk, "7", admin_user, Via.QUEUE)
    labels.record_suggestion(image.pk, "1")

    page = read_text(client, "/mine/delete")

    assert "2 pictures sent from this browser, and their files" in page
    assert "2 digits read in them" in page
    assert "1 suggestion of yours 1 label set by staff" in page
    assert "keeps what it has learned" in page


def test_delete_all_spares_uploads_of_others(client: Client, visitor: UUID) -> None:
    for _ in range(3):
        create_upload_by(visitor)
    others = {create_upload_by(uuid4()), create_upload_by(None)}

    response = client.post("/mine/delete", follow=True)

    assert list_messages(response) == ["Your pictures have been deleted."]
    assert {*Upload.objects.all()} == others
    assert InputImage.objects.count() == 2


def test_worker_deletes_rest_but_no_later_uploads(
    client: Client, visitor: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "BATCH_SIZE", 2)
    for _ in range(7):
        create_upload_by(visitor)

    response = client.post("/mine/delete", follow=True)

    assert list_messages(response) == ["Your pictures are being deleted. It takes a few minutes."]
    assert Upload.objects.count() == 7 - deletion.BATCHES_PER_REQUEST * deletion.BATCH_SIZE
    later = create_upload_by(visitor)
    job = ProcrastinateJob.objects.get(task_name=deletion.TASK)
    tasks.delete_by_visitor(**job.args)
    assert [*Upload.objects.all()] == [later]


def test_visitor_without_uploads_is_redirected(client: Client, visitor: UUID) -> None:
    for method in (client.get, client.post):
        response = method("/mine/delete")
        assert (response.status_code, response.headers["Location"]) == (302, "/mine")
