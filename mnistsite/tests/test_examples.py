"""Every example of the documentation does what it says, against the site as it runs."""

import ast
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image, ImageDraw

from classifier.webhooks import signing
from mnistsite.tests import examples
from mnistsite.tests.client import Client
from mnistsite.tests.examples import DOCS, HOST, ROOT, Example
from mnistsite.tests.site import CallApi, Site, find_free_port, wait_until

NEXT = "- next example -"
# Pages that train, and what they promote. The last of all goes back again.
PROMOTED = {ROOT / "README.md": "baseline", DOCS / "how-to/train.md": "second"}
WEBHOOKS = DOCS / "how-to/webhooks.md"
RECEIVER = "http.server"
NO_WEBHOOKS = "from classifier.models import Webhook; Webhook.objects.all().delete()"
REFUSED = 22  # curl's, with --fail-with-body
OF_A_SHELL = 'set -euo pipefail\ncurl() { command curl --silent --fail-with-body "$@"; }\n'


def named(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture(scope="module")
def _second_model(site: Site) -> None:
    """On record, and served before the one that comes with the project."""
    folder = Path(site.environment["MODELS_DIR"]) / "second"
    folder.mkdir(parents=True)
    for file in (ROOT / "models/baseline").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"name": "baseline"', '"name": "second"'))
    site.manage("promote", "second")
    site.manage("promote", "baseline")


@pytest.fixture
def place(tmp_path: Path, drawn: Callable[..., bytes]) -> Path:
    """The files that the examples send."""
    (tmp_path / "seven.png").write_bytes(drawn(7))
    (tmp_path / "letter.txt").write_text("Dear reader")
    paper = Image.new("L", (280, 280), 255)
    bolt = [(150, 50), (88, 138), (185, 140), (122, 230)]
    ImageDraw.Draw(paper).line(bolt, fill=0, width=14, joint="curve")
    paper.save(tmp_path / "bolt.png")
    with ZipFile(tmp_path / "digits.zip", "w") as archive:
        archive.write(tmp_path / "seven.png", "7/seven.png")
    return tmp_path


@pytest.fixture
def given(site: Site, staff: CallApi, token: str, place: Path) -> Iterator[dict[str, str]]:
    """What the pages call by names; one picture is there, and nothing is left afterwards."""
    answer = site.predict((place / "bolt.png").read_bytes())
    environment = os.environ | {"TOKEN": token, "PYTHONPATH": str(ROOT / "clients/python")}
    yield environment | names_in(answer)
    for begun in (run["id"] for run in staff("/api/runs")["results"] if not run["finished_at"]):
        staff(f"/api/runs/{begun}/cancel", {})
        assert wait_until(partial(finished, staff, begun), 60)
    client = Client(site.base, token)
    for upload in {image["upload"] for image in client.images()}:
        client.delete(upload)


def finished(staff: CallApi, run: int) -> bool:
    return bool(staff(f"/api/runs/{run}")["finished_at"])


def names_in(answer: Any) -> dict[str, str]:
    """`$ID`, `$DELETE_KEY`, `$IMAGE` and `$RUN`, as far as an answer has them."""
    if "delete_key" in answer:
        image = answer["digits"][0]["id"]
        return {"ID": answer["id"], "DELETE_KEY": answer["delete_key"], "IMAGE": image}
    return {"RUN": str(answer["id"])} if "fine_tune" in answer else {}


def of_this_site(code: str, site: Site) -> str:
    return code.replace(HOST, site.base)


def run(
    command: list[str], place: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("_second_model")
@named(examples.pages_with("sh"))
def test_the_shells_examples_print_what_the_page_shows(
    page: Path, site: Site, staff: CallApi, place: Path, given: dict[str, str]
) -> None:
    name = PROMOTED.get(page, "")
    if name:
        staff(f"/api/images/{given['IMAGE']}", {"label": "4"}, "PATCH")
    for example in examples.examples(page, "sh"):
        if example.shown:
            example.shown = example.shown.replace("NAME", name)
        code = of_this_site(example.code, site).replace("/NAME/", f"/{name}/")
        done = run(["bash", "-c", OF_A_SHELL + code], place, given)
        is_error = '"type": "about:blank"' in (example.shown or "")
        assert done.returncode == (REFUSED if is_error else 0), f"{code}\n{done}"
        examples.check(example, done.stdout)
        for answer in examples.documents(done.stdout):
            given |= names_in(answer)


@named([page for page in examples.pages_with("python") if page != WEBHOOKS])
def test_the_examples_in_python_print_what_the_page_shows(
    page: Path, site: Site, place: Path, given: dict[str, str]
) -> None:
    """All of a page as one program, as its later ones go on from the earlier."""
    found = examples.examples(page, "python")
    program = f"\nprint({NEXT!r})\n".join(example.code for example in found)
    done = run([sys.executable, "-W", "error", "-c", of_this_site(program, site)], place, given)
    assert done.returncode == 0, done.stderr
    for example, printed in zip(found, done.stdout.split(NEXT), strict=True):
        examples.check(example, printed)


def test_the_example_of_a_receiver_hears_of_a_label(
    site: Site, staff: CallApi, given: dict[str, str]
) -> None:
    secret, port = signing.generate_secret(), find_free_port()
    site.manage("shell", "--verbosity", "0", "--command", webhook(port, secret))
    command = [sys.executable, "-c", receiver().code.replace("9000", str(port))]
    environment = given | {"WEBHOOK_SECRET": secret}
    labels = cycle("49")

    def is_told() -> bool:
        """Who wants to know is looked up once a second, so an early label may be missed."""
        staff(f"/api/images/{given['IMAGE']}", {"label": next(labels)}, "PATCH")
        return bool(select.select([printed], [], [], 0.5)[0])

    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed = process.stdout
        try:
            assert wait_until(is_told, 30)
            kind, _, data = printed.readline().partition(" ")
        finally:
            process.terminate()
            site.manage("shell", "--verbosity", "0", "--command", NO_WEBHOOKS)
    assert kind == "label.created"
    assert ast.literal_eval(data)["image"] == given["IMAGE"]


def test_the_example_of_a_receiver_believes_nothing_else() -> None:
    secret, body = signing.generate_secret(), b'{"type": "test"}'
    is_genuine = checks_of_receiver(secret)
    now = 1_795_431_478

    def believed(at: int = now, body: bytes = body, secret: str = secret) -> bool:
        return bool(
            is_genuine(signing.build_headers(secret, "id", at, b'{"type": "test"}'), body, now)
        )

    assert believed()
    assert not believed(body=b'{"type": "other"}')
    assert not believed(secret=signing.generate_secret())
    assert not believed(at=now - 301)


def receiver() -> Example:
    (found,) = [each for each in examples.examples(WEBHOOKS, "python") if RECEIVER in each.code]
    return found


def checks_of_receiver(secret: str) -> Callable[[dict[str, str], bytes, int], bool]:
    """Its `is_genuine`, at a moment of one's choice."""
    code = receiver().code.partition("class Receiver")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBHOOK_SECRET", secret)
        found: dict[str, Any] = {}
        exec(code, found)  # noqa: S102 - the project's own page

    def is_genuine(headers: dict[str, str], body: bytes, now: int) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(found["time"], "time", lambda: now)
            return bool(found["is_genuine"](headers, body))

    return is_genuine


def webhook(port: int, secret: str) -> str:
    url = f"http://127.0.0.1:{port}/"
    return (
        "from classifier.models import Webhook\n"
        f"Webhook.objects.create(url={url!r}, events=['label.created'], secret={secret!r})"
    )
