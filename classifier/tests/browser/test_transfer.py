from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from classifier.models import InputImage, ModelVersion
from classifier.tests import factories
from classifier.tests.archives import build_zip
from classifier.tests.browser.conftest import expect_width_to_fit
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)

TRANSFER = "/admin/classifier/inputimage/transfer/"


def choose_archive(page: Page, content: bytes) -> None:
    archive = {"name": "digits.zip", "mimeType": "application/zip", "buffer": content}
    page.get_by_label("File").set_input_files(archive)  # type: ignore[arg-type]
    page.get_by_role("button", name="Import").click()


def test_archive_is_imported_with_a_report_of_refused_pictures(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    page.goto(TRANSFER)

    choose_archive(page, build_zip({"7/seven.png": draw_digit(7), "3/broken.png": b"no picture"}))

    expect(page.get_by_role("status").last).to_have_text(
        "1 of 2 pictures are imported and labelled."
    )
    expect(page.get_by_role("table", name="Not labelled")).to_contain_text("3/broken.png")
    assert InputImage.objects.get().label == "7"
    expect_width_to_fit(page)


def test_refused_archive_and_lost_connection_are_explained(
    champion: ModelVersion, page: Page
) -> None:
    page.goto(TRANSFER)
    choose_archive(page, b"no archive")
    expect(page.get_by_role("alert")).to_contain_text("zip")
    expect(page.get_by_role("button", name="Import")).to_be_enabled()

    page.route("**/api/labels/import", lambda route: route.abort())
    choose_archive(page, b"no archive")

    expect(page.get_by_role("alert")).to_contain_text("Nothing has been imported.")


def test_labels_are_exported_and_a_failed_export_is_explained(page: Page) -> None:
    image = factories.create_image(label="7")
    for button, suffix in (("Pictures (zip)", "zip"), ("Arrays (npz)", "npz")):
        page.goto(TRANSFER)
        with page.expect_download() as download:
            page.get_by_role("link", name=button).click()
        expect(page.get_by_role("status").first).to_contain_text("Saved")
        assert download.value.suggested_filename.endswith(suffix)
        content = download.value.path().read_bytes()
        if suffix == "zip":
            assert f"7/{image.pk}.png" in ZipFile(BytesIO(content)).namelist()
        else:
            assert np.load(BytesIO(content))["y"].tolist() == [7]

    page.route("**/api/labels.zip", lambda route: route.abort())
    page.get_by_role("link", name="Pictures (zip)").click()
    expect(page.get_by_role("alert")).to_contain_text("The export failed.")
