"""The JavaScript examples of the documentation, in a browser on the site's own origin."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, Upload
from classifier.tests.pictures import Draw
from mnistsite.tests import examples
from mnistsite.tests.examples import HOST

SEPARATOR = "- next example -"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", examples.find_pages("js"), ids=lambda path: path.name)
def test_javascript_examples_print_documented_output(
    path: Path,
    champion: ModelVersion,
    page: Page,
    live_server: LiveServer,
    draw_digit: Draw,
) -> None:
    """Run a page's examples as one program, because later ones continue earlier ones."""
    printed: list[str] = []
    page.on(
        "console", lambda message: printed.extend([message.text] if message.type == "log" else [])
    )
    page.goto("/healthz")
    page.set_content('<input type="file">')
    seven = FilePayload(name="seven.png", mimeType="image/png", buffer=draw_digit(7))
    page.locator("input").set_input_files(seven)

    page_examples = examples.find_examples(path, "js")
    program = f"\nconsole.log('{SEPARATOR}');\n".join(example.code for example in page_examples)
    page.evaluate(f"async () => {{ {program.replace(HOST, live_server.url)} }}")

    outputs = "\n".join(printed).split(SEPARATOR)
    for example, output in zip(page_examples, outputs, strict=True):
        examples.check_output(example, output)
    assert not Upload.objects.exists(), "the last example deletes what the first one sent"
