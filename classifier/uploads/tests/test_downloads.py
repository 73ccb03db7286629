"""Downloads: visitors get pictures without metadata, and only staff get the original file."""

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.http import FileResponse
from django.test import Client
from PIL import ExifTags, Image
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Source, Upload
from classifier.tests import factories
from classifier.tests.pictures import Draw
from classifier.uploads import submission

pytestmark = pytest.mark.django_db

CAMERA = "Camera of Some Person"


@pytest.fixture
def photo(draw_digit: Draw) -> bytes:
    """A digit with metadata: place, camera and comments."""
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = CAMERA
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    buffer = BytesIO()
    with Image.open(BytesIO(draw_digit(7))) as picture:
        picture.save(buffer, "JPEG", exif=exif, comment=b"at home", xmp=b"<x>Some Person</x>")
    return buffer.getvalue()


@pytest.fixture
def upload(champion: ModelVersion, photo: bytes) -> Upload:
    submission.classify_picture(photo, Source.WEB)
    return Upload.objects.get()


@pytest.fixture
def viewer(labeller: User) -> Client:
    """A member of staff with permission to view uploads."""
    labeller.user_permissions.add(Permission.objects.get(codename="view_upload"))
    return log_in(labeller)


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def get_address(pk: UUID) -> str:
    return f"/upload/{pk}/original"


def read_body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_visitors_get_no_metadata(client: Client, upload: Upload, photo: bytes) -> None:
    with Image.open(BytesIO(photo)) as original:
        assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    jpeg = client.get(f"/upload/{upload.pk}.jpg").content
    with Image.open(BytesIO(jpeg)) as picture:
        assert not picture.getexif()
        assert not set(picture.info) & {"exif", "xmp", "comment", "icc_profile"}
    for private in (CAMERA.encode(), b"Some Person", b"at home", b"Exif"):
        assert private in photo
        assert private not in jpeg


def test_staff_get_original_file(viewer: Client, upload: Upload, photo: bytes) -> None:
    response = viewer.get(get_address(upload.pk))
    assert isinstance(response, FileResponse)
    assert read_body(response) == photo
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{upload.pk}.jpg"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]


def test_nginx_sends_the_file(settings: Settings, viewer: Client, upload: Upload) -> None:
    settings.BEHIND_NGINX = True
    response = viewer.get(get_address(upload.pk))
    assert response.content == b""
    assert response.headers["X-Accel-Redirect"] == f"/protected-media/{upload.file.name}"
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{upload.pk}.jpg"'


def test_django_sends_files_of_other_storages(
    settings: Settings, viewer: Client, upload: Upload, photo: bytes
) -> None:
    settings.BEHIND_NGINX = True
    memory = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    settings.STORAGES = {**settings.STORAGES, **memory}
    default_storage.save(upload.file.name, BytesIO(photo))
    assert read_body(viewer.get(get_address(upload.pk))) == photo


def test_visitor_is_redirected_to_login(client: Client, upload: Upload) -> None:
    response = client.get(get_address(upload.pk))
    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={get_address(upload.pk)}"


def test_user_without_permission_is_refused(outsider: User, labeller: User, upload: Upload) -> None:
    outsider.user_permissions.add(Permission.objects.get(codename="view_upload"))
    for user in (outsider, labeller):
        assert log_in(user).get(get_address(upload.pk)).status_code == 403


def test_token_gives_no_access(admin_user: User, client: Client, upload: Upload) -> None:
    response = client.get(get_address(upload.pk), headers=factories.create_token_header(admin_user))
    assert response.status_code == 302


def test_deleted_file_is_not_found(viewer: Client, upload: Upload) -> None:
    upload.file.delete(save=False)
    assert viewer.get(get_address(upload.pk)).status_code == 404
    assert viewer.get(f"/upload/{upload.pk}.jpg").status_code == 404
    upload.delete()
    assert viewer.get(get_address(upload.pk)).status_code == 404


def test_upload_page_links_to_original(viewer: Client, upload: Upload) -> None:
    page = viewer.get(f"/admin/classifier/upload/{upload.pk}/change/").text
    assert f'href="{get_address(upload.pk)}"' in page


def test_stored_file_has_no_public_address(client: Client, upload: Upload) -> None:
    name = str(upload.file.name)
    folders = ("", "media/", "uploads/", "protected-media/", "static/", "static/../media/")
    assert default_storage.exists(name)
    assert {client.get(f"/{folder}{name}").status_code for folder in folders} == {404}
    assert not django_settings.MEDIA_ROOT.is_relative_to(django_settings.STATIC_ROOT)
