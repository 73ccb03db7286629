from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from classifier.labelling import imports
from classifier.models import InputImage, LabelChange, ModelVersion, Upload
from classifier.tests.database import wait_for_lock
from classifier.tests.pictures import Draw
from classifier.tests.threads import run_in_thread
from classifier.uploads import deletion
from classifier.uploads.archives import LabelledPicture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pictures(champion: ModelVersion, draw_digit: Draw) -> list[LabelledPicture]:
    return [LabelledPicture(f"{digit}.png", draw_digit(digit), str(digit)) for digit in (7, 2)]


def list_upload_ids() -> list[object]:
    return list(Upload.objects.values_list("pk", flat=True))


def test_concurrent_imports_store_each_picture_once(
    pictures: list[LabelledPicture], anna: User, bert: User
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            first = imports.import_pictures(pictures, anna)
            other = thread.submit(run_in_thread, imports.import_pictures, pictures, bert)
            wait_for_lock(other)
        assert other.exception() is None
    assert {each.upload for each in first} == set(list_upload_ids())
    assert LabelChange.objects.count() == len(pictures)


def test_picture_that_is_being_deleted_is_stored_again(
    pictures: list[LabelledPicture], anna: User
) -> None:
    imports.import_pictures(pictures, anna)
    before = set(list_upload_ids())
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads(list(Upload.objects.values_list("pk", flat=True)))
            other = thread.submit(run_in_thread, imports.import_pictures, pictures, anna)
            wait_for_lock(other)
        assert other.exception() is None
    assert len(list_upload_ids()) == 2
    assert not before & set(list_upload_ids())
    assert not InputImage.objects.filter(label="unknown").exists()


def test_deletion_waits_for_a_concurrent_import(
    pictures: list[LabelledPicture], anna: User
) -> None:
    imports.import_pictures(pictures, anna)
    uploads = list_upload_ids()
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            imports.import_pictures(pictures, anna)
            other = thread.submit(run_in_thread, deletion.delete_uploads, uploads)
            wait_for_lock(other)
            assert not other.done()
        assert other.exception() is None
    assert not Upload.objects.exists()
