"""The documentation's examples work with a running site."""

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

from classifier.tests.pictures import Draw
from classifier.webhooks import signing
from mnistsite.tests import examples
from mnistsite.tests.client import Client
from mnistsite.tests.examples import DOCS, HOST, ROOT, Example
from mnistsite.tests.site import CallApi, Site, find_free_port, wait_until

pytestmark = pytest.mark.slow

SEPARATOR = "- next example -"
# Pages with promotions, and the model that they promote; the last one restores the first.
PROMOTED = {ROOT / "README.md": "baseline", DOCS / "how-to/train.md": "second"}
WEBHOOKS = DOCS / "how-to/webhooks.md"
RECEIVER_CODE = "http.server"
PROMOTE_BOTH = """
from classifier.registry import versions
versions.promote_model("second")
versions.promote_model("baseline")
"""
DELETE_WEBHOOKS = "from classifier.models import Webhook; Webhook.objects.all().delete()"
HTTP_ERROR = 22  # the exit code of curl --fail-with-body
SHELL_SETUP = 'set -euo pipefail\ncurl() { command curl --silent --fail-with-body "$@"; }\n'


def parametrize_pages(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture(scope="module")
def _second_model(site: Site) -> None:
    """A second model, which served before the bundled one."""
    folder = Path(site.environment["MODELS_DIR"]) / "second"
    folder.mkdir(parents=True)
    for file in (ROOT / "models/baseline").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"name": "baseline"', '"name": "second"'))
    site.execute(PROMOTE_BOTH)


@pytest.fixture
def files(tmp_path: Path, draw_digit: Draw) -> Path:
    """A folder with the files that the examples send."""
    (tmp_path / "seven.png").write_bytes(draw_digit(7))
    (tmp_path / "letter.txt").write_text("Dear reader")
    paper = Image.new("L", (280, 280), 255)
    bolt = [(150, 50), (88, 138), (185, 140), (122, 230)]
    ImageDraw.Draw(paper).line(bolt, fill=0, width=14, joint="curve")
    paper.save(tmp_path / "bolt.png")
    with ZipFile(tmp_path / "digits.zip", "w") as archive:
        archive.write(tmp_path / "seven.png", "7/seven.png")
    return tmp_path


@pytest.fixture
def environment(site: Site, call_api: CallApi, token: str, files: Path) -> Iterator[dict[str, str]]:
    """Variables of the examples, with one upload; deletes everything afterwards."""
    answer = site.predict((files / "bolt.png").read_bytes())
    variables = {"TOKEN": token, "PYTHONPATH": str(ROOT / "clients/python")}
    yield os.environ | variables | extract_variables(answer)
    for run_id in (run["id"] for run in call_api("/api/runs")["results"] if not run["finished_at"]):
        call_api(f"/api/runs/{run_id}/cancel", {})
        assert wait_until(partial(is_finished, call_api, run_id), 60)
    client = Client(site.base, token)
    for upload in {image["upload"] for image in client.images()}:
        client.delete(upload)


def is_finished(call_api: CallApi, run: int) -> bool:
    return bool(call_api(f"/api/runs/{run}")["finished_at"])


def extract_variables(answer: Any) -> dict[str, str]:
    """Return the variables `ID`, `DELETE_KEY`, `IMAGE` and `RUN` that an answer has."""
    if "delete_key" in answer:
        image = answer["digits"][0]["id"]
        return {"ID": answer["id"], "DELETE_KEY": answer["delete_key"], "IMAGE": image}
    return {"RUN": str(answer["id"])} if "fine_tune" in answer else {}


def replace_host(code: str, site: Site) -> str:
    return code.replace(HOST, site.base)


def run_code(
    command: list[str], files: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=files, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("_second_model")
@parametrize_pages(examples.find_pages("sh"))
def test_shell_examples_print_the_shown_output(
    page: Path, site: Site, call_api: CallApi, files: Path, environment: dict[str, str]
) -> None:
    name = PROMOTED.get(page, "")
    if name:
        call_api(f"/api/images/{environment['IMAGE']}", {"label": "4"}, "PATCH")
    for example in examples.find_examples(page, "sh"):
        if example.output:
            example.output = example.output.replace("NAME", name)
        code = replace_host(example.code, site).replace("/NAME/", f"/{name}/")
        completed = run_code(["bash", "-c", SHELL_SETUP + code], files, environment)
        is_error = '"type": "about:blank"' in (example.output or "")
        assert completed.returncode == (HTTP_ERROR if is_error else 0), f"{code}\n{completed}"
        examples.check_output(example, completed.stdout)
        for answer in examples.parse_documents(completed.stdout):
            environment |= extract_variables(answer)


@parametrize_pages([page for page in examples.find_pages("python") if page != WEBHOOKS])
def test_python_examples_print_the_shown_output(
    page: Path, site: Site, files: Path, environment: dict[str, str]
) -> None:
    """Run a page's examples as one program, because later ones use earlier ones."""
    found = examples.find_examples(page, "python")
    program = f"\nprint({SEPARATOR!r})\n".join(example.code for example in found)
    completed = run_code(
        [sys.executable, "-W", "error", "-c", replace_host(program, site)], files, environment
    )
    assert completed.returncode == 0, completed.stderr
    for example, printed in zip(found, completed.stdout.split(SEPARATOR), strict=True):
        examples.check_output(example, printed)


def test_receiver_example_gets_a_label_event(
    site: Site, call_api: CallApi, environment: dict[str, str]
) -> None:
    secret, port = signing.generate_secret(), find_free_port()
    site.execute(build_webhook_code(port, secret))
    command = [sys.executable, "-c", find_receiver().code.replace("9000", str(port))]
    variables = environment | {"WEBHOOK_SECRET": secret}
    labels = cycle("49")

    def is_delivered() -> bool:
        """Set labels until one is delivered: webhooks are cached for a second."""
        call_api(f"/api/images/{environment['IMAGE']}", {"label": next(labels)}, "PATCH")
        return bool(select.select([printed], [], [], 0.5)[0])

    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed = process.stdout
        try:
            assert wait_until(is_delivered, 30)
            kind, _, data = printed.readline().partition(" ")
        finally:
            process.terminate()
            site.execute(DELETE_WEBHOOKS)
    assert kind == "label.created"
    assert ast.literal_eval(data)["image"] == environment["IMAGE"]


def test_receiver_example_rejects_forged_events() -> None:
    secret, body = signing.generate_secret(), b'{"type": "test"}'
    is_genuine = load_receiver_check(secret)
    now = 1_795_431_478

    def is_accepted(at: int = now, body: bytes = body, secret: str = secret) -> bool:
        return bool(
            is_genuine(signing.build_headers(secret, "id", at, b'{"type": "test"}'), body, now)
        )

    assert is_accepted()
    assert not is_accepted(body=b'{"type": "other"}')
    assert not is_accepted(secret=signing.generate_secret())
    assert not is_accepted(at=now - 301)


def find_receiver() -> Example:
    found = examples.find_examples(WEBHOOKS, "python")
    (receiver,) = [example for example in found if RECEIVER_CODE in example.code]
    return receiver


def load_receiver_check(secret: str) -> Callable[[dict[str, str], bytes, int], bool]:
    """Return the example's `is_genuine` with the time as an argument."""
    code = find_receiver().code.partition("class Receiver")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBHOOK_SECRET", secret)
        module: dict[str, Any] = {}
        exec(code, module)  # noqa: S102 - the project's own page

    def is_genuine(headers: dict[str, str], body: bytes, now: int) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module["time"], "time", lambda: now)
            return bool(module["is_genuine"](headers, body))

    return is_genuine


def build_webhook_code(port: int, secret: str) -> str:
    url = f"http://127.0.0.1:{port}/"
    return (
        "from classifier.models import Webhook\n"
        f"Webhook.objects.create(url={url!r}, events=['label.created'], secret={secret!r})"
    )
