"""A browser deletes what it has sent, and nothing else."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier import tasks
from classifier.labelling import labels
from classifier.models import InputImage, ModelVersion, Upload, Via
from classifier.tests.pages import read_text
from classifier.tests.visitors import create_upload_by, list_messages, send_pictures
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]

SOMEBODY = "7d4c1a52-8f0e-4d4f-9f43-54e6a3c7b0de"


@pytest.fixture
def visitor(client: Client) -> UUID:
    """Who `client` is."""
    visitor = uuid4()
    client.cookies["visitor"] = str(visitor)
    return visitor


def test_the_sender_deletes_a_picture_and_its_file(
    champion: ModelVersion,
    client: Client,
    drawn: Draw,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    send_pictures(client, drawn(7))
    upload = Upload.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"/delete/{upload.pk}", follow=True)
    assert list_messages(response)[-1] == "The picture has been deleted."
    assert not Upload.objects.exists()
    assert not [path for path in (settings.MEDIA_ROOT / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("cookie", [None, "", SOMEBODY, "None", "nobody"])
@pytest.mark.parametrize("sender", [uuid4(), None], ids=["known", "unknown"])
def test_nobody_else_does(client: Client, cookie: str | None, sender: UUID | None) -> None:
    upload = create_upload_by(sender)
    if cookie is not None:
        client.cookies["visitor"] = cookie
    response = client.post(f"/delete/{upload.pk}")
    assert response.status_code == 403
    assert "Only the browser that sent a picture" in response.content.decode()
    assert Upload.objects.exists()


def test_nor_does_an_outsider_with_an_account(client: Client, outsider: User) -> None:
    client.force_login(outsider)
    upload = create_upload_by(uuid4())
    assert client.post(f"/delete/{upload.pk}").status_code == 403
    client.post("/mine/delete")
    assert Upload.objects.exists()


def test_what_is_gone_is_said_to_be_gone(client: Client, visitor: UUID) -> None:
    assert client.post(f"/delete/{uuid4()}").status_code == 404


@pytest.mark.parametrize("address", ["/delete/{}", "/mine/delete"])
def test_another_site_s_form_deletes_nothing(visitor: UUID, address: str) -> None:
    upload = create_upload_by(visitor)
    client = Client(enforce_csrf_checks=True)
    client.cookies["visitor"] = str(visitor)
    assert client.post(address.format(upload.pk)).status_code == 403
    assert Upload.objects.exists()


def test_a_link_deletes_nothing(client: Client, visitor: UUID) -> None:
    upload = create_upload_by(visitor)
    assert client.get(f"/delete/{upload.pk}").status_code == 405
    assert client.get("/mine/delete").status_code == 200
    assert Upload.objects.exists()


def test_before_all_is_deleted_it_is_said_what_goes(
    client: Client, visitor: UUID, admin_user: User
) -> None:
    image = create_upload_by(visitor).images.get()
    create_upload_by(visitor)
    create_upload_by(uuid4())
    labels.set_label(image.pk, "7", admin_user, Via.QUEUE)
    labels.record_suggestion(image.pk, "1")

    page = read_text(client, "/mine/delete")

    assert "2 pictures that this browser has sent, and their files" in page
    assert "2 digits that were found in them" in page
    assert "1 suggestion of yours 1 label that staff have set" in page
    assert "keeps what it learnt" in page


def test_all_of_this_browser_s_goes_and_nobody_else_s(client: Client, visitor: UUID) -> None:
    for _ in range(3):
        create_upload_by(visitor)
    others = {create_upload_by(uuid4()), create_upload_by(None)}

    response = client.post("/mine/delete", follow=True)

    assert list_messages(response) == ["Your pictures have been deleted."]
    assert {*Upload.objects.all()} == others
    assert InputImage.objects.count() == 2


def test_of_very_many_the_worker_deletes_the_rest_but_nothing_that_came_later(
    client: Client, visitor: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "BATCH_SIZE", 2)
    for _ in range(7):
        create_upload_by(visitor)

    response = client.post("/mine/delete", follow=True)

    assert list_messages(response) == ["They are being deleted; so many take a few minutes."]
    assert Upload.objects.count() == 7 - deletion.AT_ONCE * deletion.BATCH_SIZE
    later = create_upload_by(visitor)
    job = ProcrastinateJob.objects.get(task_name=deletion.TASK)
    tasks.delete_by_visitor(**job.args)
    assert [*Upload.objects.all()] == [later]


def test_who_has_nothing_to_delete_is_not_asked(client: Client, visitor: UUID) -> None:
    for method in (client.get, client.post):
        response = method("/mine/delete")
        assert (response.status_code, response.headers["Location"]) == (302, "/mine")
