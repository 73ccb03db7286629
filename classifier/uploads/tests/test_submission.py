import errno
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from django.db import IntegrityError
from numpy.typing import NDArray
from pytest_django.fixtures import Settings

from classifier.models import InputImage, ModelVersion, Prediction, Source, Upload
from classifier.recognition import imaging
from classifier.recognition.labels import Label, Reason, Verdict
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw, create_paper, draw_number, encode_picture
from classifier.uploads import submission
from classifier.uploads.storage import StorageFull

pytestmark = pytest.mark.django_db


def test_picture_is_stored_with_prediction(
    champion: ModelVersion, draw_digit: Draw, settings: Settings
) -> None:
    data = draw_digit(7)

    answer = submission.classify_picture(data, Source.API)

    upload, image = Upload.objects.get(), InputImage.objects.get()
    prediction = Prediction.objects.get()
    assert [path.read_bytes() for path in list_stored_files(settings)] == [data]
    assert Path(upload.file.path) == list_stored_files(settings)[0]
    assert (upload.pk, upload.source) == (answer.id, Source.API)
    assert (upload.sha256, upload.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (upload.width, upload.height, upload.media_type) == (280, 280, "image/png")
    assert (image.pk, image.upload, image.source) == (answer.digits[0].id, upload, Source.API)
    assert bytes(image.pixels) == imaging.find_digits(imaging.decode(data))[0].pixels.tobytes()
    assert (prediction.image, prediction.model, prediction.imaging_version) == (
        image,
        champion,
        imaging.VERSION,
    )
    assert (prediction.label, prediction.verdict, prediction.reason) == (
        "7",
        Verdict.DIGIT,
        "",
    )
    assert prediction.by_digit == answer.probabilities


def test_upload_starts_unlabelled(champion: ModelVersion, draw_digit: Draw) -> None:
    submission.classify_picture(draw_digit(7), Source.WEB)

    image = InputImage.objects.get()
    assert (image.label, image.is_training) == (Label.UNKNOWN, True)
    assert (image.labelled_by, image.labelled_at) == (None, None)


def test_unsure_answer_has_reason_and_best_guess(draw_digit: Draw) -> None:
    factories.copy_bundled_model("strict", thresholds=factories.build_thresholds(confidence=1.01))
    versions.promote_model("strict")

    answer = submission.classify_picture(draw_digit(7), Source.WEB)

    assert (answer.label, answer.verdict) == (Label.UNKNOWN, Verdict.UNSURE)
    assert (answer.reason, answer.best_guess) == (Reason.LOW_CONFIDENCE, "7")


def test_digits_are_read_in_order(champion: ModelVersion, draw_digit: Draw) -> None:
    answer = submission.classify_picture(draw_number(draw_digit, "720"), Source.WEB)

    assert (answer.label, answer.verdict, answer.probabilities) == ("720", Verdict.DIGIT, None)
    assert [digit.box[0] // 280 for digit in answer.digits] == [0, 1, 2]
    assert answer.confidence is not None
    assert 0.99 < answer.confidence <= min(digit.confidence for digit in answer.digits)
    stored = InputImage.objects.order_by("position")
    assert [image.pk for image in stored] == [digit.id for digit in answer.digits]


def test_blank_picture_is_stored_without_image(champion: ModelVersion, settings: Settings) -> None:
    answer = submission.classify_picture(encode_picture(create_paper(280, 280)), Source.WEB)

    assert (answer.label, answer.verdict) == (Label.UNKNOWN, Verdict.NOT_A_DIGIT)
    assert (answer.reason, answer.best_guess, answer.digits) == (Reason.BLANK, None, [])
    assert Upload.objects.get().pk == answer.id
    assert len(list_stored_files(settings)) == 1
    assert not InputImage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rejected_rows_leave_no_file(
    champion: ModelVersion,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A broken model returns probabilities above one.
    def recognize_badly(_: Recognizer, images: list[NDArray[np.uint8]]) -> list[Recognition]:
        scores = {"rejection": 0.0}
        result = Recognition(np.full(10, 1.5), scores, Verdict.DIGIT, None, np.zeros(3))
        return [result for _ in images]

    monkeypatch.setattr(Recognizer, "recognize", recognize_badly)

    with pytest.raises(IntegrityError):
        submission.classify_picture(draw_digit(7), Source.WEB)

    assert list_stored_files(settings) == []
    assert not Upload.objects.exists()
    assert not InputImage.objects.exists()


def test_full_disk_leaves_nothing(
    champion: ModelVersion,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raise_disk_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", raise_disk_full)

    with pytest.raises(StorageFull, match="No space left"):
        submission.classify_picture(draw_digit(7), Source.WEB)

    assert list_stored_files(settings) == []
    assert not Upload.objects.exists()
