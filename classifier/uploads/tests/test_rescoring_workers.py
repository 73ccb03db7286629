"""Workers as processes of their own, one of which is killed in the middle."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.models import InputImage, Prediction, Source
from classifier.registry import versions
from classifier.tests import factories, workers
from classifier.tests.workers import retry_stalled_jobs
from classifier.uploads import rescoring

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

IMAGES = 3_000


@pytest.fixture
def start_worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started = []

    def start() -> subprocess.Popen[bytes]:
        started.append(workers.start_worker("rescoring"))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


@pytest.fixture
def archive() -> None:
    upload = factories.create_upload()
    given = {"source": Source.WEB, "upload": upload, "box": [0, 0, 28, 28], "pixels": bytes(784)}
    InputImage.objects.bulk_create(InputImage(**given) for _ in range(IMAGES))


def read() -> int:
    return Prediction.objects.count()


def test_a_worker_that_is_killed_costs_no_image_and_writes_none_twice(
    archive: None, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    champion = versions.promote("baseline")
    rescoring.start_rescoring()
    worker = start_worker()
    while not read():
        assert worker.poll() is None
    worker.kill()
    worker.wait()
    assert 0 < read() < IMAGES

    retry_stalled_jobs()
    start_worker()
    done = subprocess.run(
        [sys.executable, "manage.py", "rescore"],
        cwd=settings.BASE_DIR,
        env=workers.build_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Every uploaded image has been read by baseline.\n")
    said = Counter(Prediction.objects.filter(model=champion).values_list("image", flat=True))
    assert (len(said), set(said.values())) == (IMAGES, {1})


@pytest.mark.parametrize(("attempts", "becomes"), [(0, "todo"), (5, "failed")])
def test_a_job_that_kills_each_of_its_workers_is_given_up(attempts: int, becomes: str) -> None:
    champion = versions.promote("baseline")
    factories.create_image()
    rescoring.start_rescoring()
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id) "
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id, attempts = %s "
            "FROM dead WHERE task_name = %s AND (args->>'model_id')::int = %s",
            [attempts, rescoring.TASK, champion.pk],
        )

    retry_stalled_jobs()

    own = ProcrastinateJob.objects.filter(task_name=rescoring.TASK, args__model_id=champion.pk)
    assert own.get().status == becomes
