import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import InputImage, LabelChange, Source, Upload, Via
from classifier.registry.serving import NoModel
from classifier.tests.archives import IMPORT_URL, build_npz, build_zip, post_archive
from classifier.tests.faults import break_champion, break_storage_after_one_file
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Digits, Draw, create_paper, draw_number, encode_picture
from classifier.uploads import archives

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("champion")]

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def import_archive(client: Client, archive: bytes) -> list[dict[str, Any]]:
    response = post_archive(client, archive)
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def test_pictures_in_folders_are_stored_and_labelled(
    labeller_api: Client, labeller: User, draw_digit: Draw
) -> None:
    results = import_archive(
        labeller_api, build_zip({"7/a.png": draw_digit(7), "not_a_digit/b.png": draw_digit(2)})
    )

    assert [(each["name"], each["label"], each["problem"]) for each in results] == [
        ("7/a.png", "7", None),
        ("not_a_digit/b.png", "not_a_digit", None),
    ]
    for result in results:
        [image] = InputImage.objects.filter(upload=result["upload"])
        assert [str(image.pk)] == result["images"]
        assert (image.label, image.source) == (result["label"], Source.API)
        assert image.labelled_by == labeller
        assert LabelChange.objects.get(image=image).via == Via.API
        assert not image.queued.waiting
        assert image.predictions.count() == 1


def test_arrays_are_stored_and_labelled(labeller_api: Client, digits: Digits) -> None:
    x = np.stack([digits[0][digits[1] == digit][0] for digit in (3, 8, 5)])

    results = import_archive(labeller_api, build_npz(x=x, y=np.array([3, 8, 10]), more=np.zeros(3)))

    assert [(each["name"], each["label"]) for each in results] == [
        ("x[0]", "3"),
        ("x[1]", "8"),
        ("x[2]", "not_a_digit"),
    ]
    images = [InputImage.objects.get(pk=each["images"][0]) for each in results]
    assert [image.label for image in images] == ["3", "8", "not_a_digit"]


def test_archive_is_accepted_in_a_form(labeller_api: Client, draw_digit: Draw) -> None:
    archive = SimpleUploadedFile("labels.zip", build_zip({"7/a.png": draw_digit(7)}))

    assert labeller_api.post(IMPORT_URL, {"archive": archive}).json()["results"][0]["label"] == "7"
    wrong = labeller_api.post(IMPORT_URL, {"image": SimpleUploadedFile("a.zip", b"")})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "missing_field")


def test_pieces_of_a_non_digit_are_all_labelled(labeller_api: Client, draw_digit: Draw) -> None:
    archive = build_zip({"not_a_digit/a.png": draw_number(draw_digit, "42")})

    [result] = import_archive(labeller_api, archive)

    assert len(result["images"]) == 2
    assert {image.label for image in InputImage.objects.all()} == {"not_a_digit"}


@pytest.mark.parametrize(
    ("build", "code", "is_stored"),
    [
        (lambda draw_digit: draw_number(draw_digit, "42"), "several_digits", True),
        (lambda _: encode_picture(create_paper(100, 100)), "blank", True),
        (lambda _: b"hello", "not_an_image", False),
        (lambda draw_digit: build_zip({"7/a.png": draw_digit(7)}), "not_an_image", False),
        (lambda draw_digit: draw_digit(7)[:-99], "damaged", False),
    ],
)
def test_bad_picture_has_a_problem_and_the_others_are_labelled(
    labeller_api: Client,
    draw_digit: Draw,
    build: Callable[[Draw], bytes],
    code: str,
    is_stored: bool,
) -> None:
    bad, good = import_archive(
        labeller_api, build_zip({"7/bad.png": build(draw_digit), "7/good.png": draw_digit(7)})
    )

    assert (bad["problem"]["code"], bad["images"]) == (code, [])
    assert (bad["upload"] is not None) == is_stored
    assert Upload.objects.count() == 1 + is_stored
    assert good["problem"] is None
    assert InputImage.objects.exclude(label="unknown").count() == 1


def test_stored_picture_is_not_stored_again(labeller_api: Client, draw_digit: Draw) -> None:
    pictures = {
        "7/a.png": draw_digit(7),
        "2/b.png": draw_digit(2),
        "2/blank.png": encode_picture(create_paper(99, 99)),
    }

    first, second = (import_archive(labeller_api, build_zip(pictures)) for _ in range(2))

    assert first == second
    assert Upload.objects.count() == 3
    assert LabelChange.objects.count() == 2


def test_unlabelled_upload_gets_the_label(labeller_api: Client, draw_digit: Draw) -> None:
    answer = labeller_api.post("/api/predict", draw_digit(7), "image/png").json()

    [result] = import_archive(labeller_api, build_zip({"7/a.png": draw_digit(7)}))

    assert (result["upload"], result["images"]) == (answer["id"], [answer["digits"][0]["id"]])
    assert InputImage.objects.get().label == "7"


def test_existing_label_is_not_changed(labeller_api: Client, draw_digit: Draw) -> None:
    import_archive(labeller_api, build_zip({"7/a.png": draw_digit(7)}))

    [result] = import_archive(labeller_api, build_zip({"1/a.png": draw_digit(7)}))

    assert (result["problem"]["code"], result["images"]) == ("labelled_otherwise", [])
    assert "labelled 7" in result["problem"]["detail"]
    assert InputImage.objects.get().label == "7"


def test_picture_in_two_folders_gets_the_first_label(
    labeller_api: Client, draw_digit: Draw
) -> None:
    results = import_archive(
        labeller_api, build_zip({"7/a.png": draw_digit(7), "1/b.png": draw_digit(7)})
    )

    assert [each["problem"] and each["problem"]["code"] for each in results] == [
        None,
        "labelled_otherwise",
    ]
    assert InputImage.objects.get().label == "7"


def test_folders_and_macos_files_are_ignored(labeller_api: Client, draw_digit: Draw) -> None:
    archive = build_zip(
        {"7/": b"", "7/a.png": draw_digit(7), "__MACOSX/7/._a.png": b"x", "index.csv": b""}
    )

    assert [each["name"] for each in import_archive(labeller_api, archive)] == ["7/a.png"]


def test_500_pictures_are_accepted(labeller_api: Client) -> None:
    archive = build_zip({f"7/{n}.png": b"no picture" for n in range(archives.MAX_PICTURES)})

    assert len(import_archive(labeller_api, archive)) == 500


def test_failed_import_stores_nothing(
    labeller_api: Client, draw_digit: Draw, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = break_storage_after_one_file(monkeypatch)

    response = post_archive(
        labeller_api, build_zip({"7/a.png": draw_digit(7), "2/b.png": draw_digit(2)})
    )

    assert (response.status_code, response.json()["code"]) == (503, "no_storage")
    assert len(names) == 2
    assert not Upload.objects.exists()
    assert not list_stored_files(settings)


def test_import_without_a_model_stores_nothing(
    labeller_api: Client, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_champion(monkeypatch, NoModel("No model is in service."))

    response = post_archive(labeller_api, build_zip({"7/a.png": draw_digit(7)}))

    assert (response.status_code, response.json()["code"]) == (503, "no_model")
    assert not Upload.objects.exists()


def test_import_with_an_idempotency_key_is_done_once(
    labeller_api: Client, admin_api: Client, draw_digit: Draw
) -> None:
    archive = build_zip({"7/a.png": draw_digit(7)})

    first, second = (post_archive(labeller_api, archive, **KEY) for _ in range(2))

    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (
        post_archive(labeller_api, build_zip({"2/a.png": draw_digit(2)}), **KEY).status_code == 422
    )
    by_another = post_archive(admin_api, build_zip({"2/a.png": draw_digit(2)}), **KEY)
    assert by_another.status_code == 200, "a key is good for one user"
    assert json.loads(by_another.content)["results"][0]["label"] == "2"
