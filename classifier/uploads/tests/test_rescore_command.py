import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from classifier.management.commands import rescore
from classifier.models import ModelVersion, Prediction
from classifier.registry import versions
from classifier.tests import factories, rescoring_jobs, workers
from classifier.uploads import rescoring

pytestmark = pytest.mark.django_db

NO_WORKER = "No worker is running. Start one: python manage.py procrastinate worker\n"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(*arguments: str, into: StringIO | None = None) -> str:
    output = into or StringIO()
    call_command("rescore", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def archive(champion: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelVersion]:
    """The champion, with five images in three jobs and a worker."""
    monkeypatch.setattr(rescoring, "IMAGES_PER_JOB", 2)
    for _ in range(5):
        factories.create_image()
    with workers.connect_as_worker():
        yield champion


def run_each_second(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> None:
    monkeypatch.setattr(rescore, "time", Mock(sleep=lambda _: action()))


def test_progress_is_printed(archive: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    run_each_second(monkeypatch, lambda: rescoring_jobs.run_jobs(archive, at_most=1))

    assert run() == (
        "Model baseline has yet to read 5 of 5 uploaded images.\n"
        "0 of 5 read, 0%\n"
        "2 of 5 read, 40%\n"
        "4 of 5 read, 80%\n"
        "Every uploaded image has been read by baseline.\n"
    )
    assert run() == "Every uploaded image has been read by baseline.\n"


def test_terminal_line_is_overwritten(
    archive: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_each_second(monkeypatch, lambda: rescoring_jobs.run_jobs(archive))

    assert run(into=Terminal()) == (
        "Model baseline has yet to read 5 of 5 uploaded images.\n"
        "\r0 of 5 read, 0%\n"
        "Every uploaded image has been read by baseline.\n"
    )


def test_no_wait_returns_at_once(archive: ModelVersion) -> None:
    assert run("--no-wait") == "Model baseline has yet to read 5 of 5 uploaded images.\n"
    assert len(rescoring_jobs.list_job_arguments(archive)) == 3


def test_missing_worker_is_reported(champion: ModelVersion) -> None:
    factories.create_image()

    assert run("--no-wait") == (
        "Model baseline has yet to read 1 of 1 uploaded images.\n" + NO_WORKER
    )


def test_interrupt_leaves_the_workers_running(
    archive: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_each_second(monkeypatch, Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(CommandError) as raised:
        run()
    assert str(raised.value) == (
        "The workers continue. To see their progress, run: python manage.py rescore"
    )
    assert raised.value.returncode == 130

    rescoring_jobs.run_jobs(archive, at_most=2)
    run_each_second(monkeypatch, lambda: rescoring_jobs.run_jobs(archive))
    assert run() == (
        "Model baseline has yet to read 1 of 5 uploaded images.\n"
        "4 of 5 read, 80%\n"
        "Every uploaded image has been read by baseline.\n"
    )


def test_model_promoted_meanwhile_is_used(
    archive: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.copy_bundled_model("second")

    def promote_and_work() -> None:
        rescoring_jobs.run_jobs(versions.promote_model("baseline"), at_most=1)
        versions.promote_model("second")
        rescoring_jobs.run_jobs(archive)
        rescoring_jobs.run_jobs(versions.promote_model("second"))

    run_each_second(monkeypatch, promote_and_work)

    assert run().splitlines()[2:] == [
        "Model second has yet to read 5 of 5 uploaded images.",
        "0 of 5 read, 0%",
        "Every uploaded image has been read by second.",
    ]
    assert Prediction.objects.filter(model=archive).count() == 2


def test_unreadable_images_are_an_error(
    archive: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")

    run_each_second(monkeypatch, fail)
    with pytest.raises(CommandError) as raised:
        run()
    assert str(raised.value) == (
        "5 images could not be read; the workers' logs say why. "
        "Run it again: python manage.py rescore"
    )


@pytest.mark.usefixtures("db")
def test_missing_model_is_reported() -> None:
    with pytest.raises(CommandError, match=r"No model is in service.*manage\.py promote NAME"):
        run()


def test_wrong_argument_is_reported() -> None:
    with pytest.raises(CommandError, match="unrecognized arguments: --now"):
        run("--now")


@pytest.mark.slow
def test_command_imports_no_training_package() -> None:
    heavy = "tensorflow", "keras", "tqdm", "mlxtend"
    script = (
        "import sys, django; django.setup();"
        "from django.core.management import load_command_class;"
        "load_command_class('classifier', 'rescore'); import classifier.tasks;"
        f"sys.exit(' '.join({{*{heavy!r}}} & set(sys.modules)) or 0)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
