"""The JavaScript examples of the documentation, in a real browser on the site's own origin."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, Upload
from mnistsite.tests import examples
from mnistsite.tests.examples import HOST

NEXT = "- next example -"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", examples.find_pages("js"), ids=lambda path: path.name)
def test_the_examples_in_javascript_print_what_the_page_shows(
    path: Path,
    champion: ModelVersion,
    page: Page,
    live_server: LiveServer,
    drawn: Callable[..., bytes],
) -> None:
    """All of a page as one program, as its later ones go on from the earlier."""
    printed: list[str] = []
    page.on("console", lambda said: printed.extend([said.text] if said.type == "log" else []))
    page.goto("/healthz")
    page.set_content('<input type="file">')
    seven = FilePayload(name="seven.png", mimeType="image/png", buffer=drawn(7))
    page.locator("input").set_input_files(seven)

    found = examples.find_examples(path, "js")
    program = f"\nconsole.log('{NEXT}');\n".join(example.code for example in found)
    page.evaluate(f"async () => {{ {program.replace(HOST, live_server.url)} }}")

    outputs = "\n".join(printed).split(NEXT)
    for example, output in zip(found, outputs, strict=True):
        examples.check_output(example, output)
    assert not Upload.objects.exists(), "the last one deletes what the first has sent"
