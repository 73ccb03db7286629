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

IMAGES = 1_000


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
    fields = {"source": Source.WEB, "upload": upload, "box": [0, 0, 28, 28], "pixels": bytes(784)}
    InputImage.objects.bulk_create(InputImage(**fields) for _ in range(IMAGES))


def count_read() -> int:
    return Prediction.objects.count()


def test_killed_worker_loses_no_image(
    archive: None, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    champion = versions.promote_model("baseline")
    rescoring.start_rescoring()
    worker = start_worker()
    while not count_read():
        assert worker.poll() is None
    worker.kill()
    worker.wait()
    assert 0 < count_read() < IMAGES

    retry_stalled_jobs()
    start_worker()
    process = subprocess.run(
        [sys.executable, "manage.py", "rescore"],
        cwd=settings.BASE_DIR,
        env=workers.build_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.endswith("Every uploaded image has been read by baseline.\n")
    counts = Counter(Prediction.objects.filter(model=champion).values_list("image", flat=True))
    assert (len(counts), set(counts.values())) == (IMAGES, {1})


@pytest.mark.parametrize(("attempts", "status"), [(0, "todo"), (5, "failed")])
def test_job_that_kills_workers_fails(attempts: int, status: str) -> None:
    champion = versions.promote_model("baseline")
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
    assert own.get().status == status
