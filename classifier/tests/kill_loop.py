"""Runs the loop on live traffic repeatedly, each time killed one step later than before.

A candidate reads uploads, is promoted because labels have decided for it, and is rolled back
because audits prove it wrong; then an upload that taught the champion is deleted. After each kill
the loop runs again, as the worker's next jobs would. Prints a line for each step with its number
and the problems that the kill left, and those that remain after the second run.
"""

import functools
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier import tasks
from classifier.models import (
    Alarm,
    Audit,
    Delivery,
    Erasure,
    InputImage,
    ModelState,
    ModelVersion,
    Promotion,
    ShadowReading,
    TrainingRun,
    Upload,
    Via,
    Webhook,
)
from classifier.recognition import recognizer
from classifier.recognition.labels import Event
from classifier.registry import erasures, runs, serving, versions
from classifier.tests import factories
from classifier.tests.killing import kill_at_each_step, print_step
from classifier.uploads import deletion, media_store

UNREAD, DECISIVE, WRONG = 3, 9, 2  # images of each kind
LEARNED = "uploads/00/learned"


def main() -> None:
    for name in ("Graph", "LineReader", "InkFinder"):  # all models have the same
        setattr(recognizer, name, functools.cache(getattr(recognizer, name)))
    media_store.set_up_folder()
    baseline = versions.promote_bundled_model()
    factories.copy_bundled_model(
        "candidate", certificates=(factories.build_certificate(level=0.01),)
    )
    serving.load_cached(versions.register_model("candidate"))
    Webhook.objects.create(url="http://receiver/", secret="whsec_AA==", events=[*Event])
    prepare(baseline)
    for step, was_killed in kill_at_each_step(run_loop):
        problems = list_problems()
        run_loop(step)
        print_step(step, was_killed, problems + list_problems() + list_unfinished())
        prepare(baseline)


def prepare(baseline: ModelVersion) -> None:
    """Restore what the loop starts from."""
    for model in (Alarm, Delivery, Erasure, TrainingRun, ProcrastinateJob, Upload):
        model.objects.all().delete()
    Promotion.objects.exclude(pk=Promotion.objects.earliest("pk").pk)._raw_delete("default")
    candidate = ModelVersion.objects.get(name="candidate")
    ModelVersion.objects.filter(pk=candidate.pk).update(state=ModelState.CANDIDATE)
    ModelVersion.objects.filter(pk=baseline.pk).update(state=ModelState.CHAMPION)
    for _ in range(UNREAD):
        factories.create_queue_item()
    for _ in range(DECISIVE):
        image = factories.create_queue_item(label="1").image
        ShadowReading.objects.create(
            image=image, model=candidate, guess="1", served_guess="7", confidence=0.9
        )
    for _ in range(WRONG):
        factories.create_prediction(factories.create_image(label="1"), candidate)
    file = default_storage.save(f"{LEARNED}-{uuid4()}", ContentFile(b"a picture"))
    upload = factories.create_upload(file=file)
    learned = factories.create_image(upload=upload, box=[0, 0, 28, 28], label="7")
    snapshot = {"corrected": {str(learned.pk): "7"}}
    ModelVersion.objects.filter(pk=baseline.pk).update(snapshot=snapshot)
    sheet = settings.IMAGES_DIR / baseline.name / erasures.PLOT
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.touch()


def run_loop(_: int) -> None:
    tasks.read_in_shadow(0)
    tasks.draw_audits(0)
    deletion.delete_uploads([upload.pk for upload in list_learned()])
    tasks.queue_forgetting(0)


def list_learned() -> QuerySet[Upload]:
    return Upload.objects.filter(file__contains=LEARNED)


def list_problems() -> list[str]:
    """Check what must be true after a crash."""
    promotions = [*Promotion.objects.order_by("pk").select_related("model")]
    published = Delivery.objects.filter(payload__type=Event.MODEL_PROMOTED).count()
    learned = list_learned()
    jobs = ProcrastinateJob.objects.filter(task_name=runs.TASK).count()
    checks = {
        "the champion is not the model promoted last": [promotions[-1].model]
        == [*ModelVersion.objects.filter(state=ModelState.CHAMPION)],
        "a promotion is not published": published == len(promotions) - 1,
        "some images of a batch have no reading": ShadowReading.objects.count()
        in (DECISIVE, DECISIVE + UNREAD),
        "some audits are missing": Audit.objects.count() in (0, WRONG),
        "a rollback has no alarm": len(promotions) < 3 or Alarm.objects.count() == 1,
        "an alarm is not published": Alarm.objects.count()
        == Delivery.objects.filter(payload__type=Event.MODEL_ERROR_EXCEEDED).count(),
        "a deletion is not recorded": learned.count() + Erasure.objects.count() == 1,
        "an image has lost its upload": InputImage.objects.filter(upload=None).count() == 0,
        "an upload has lost its file": all(
            default_storage.exists(str(each.file.name)) for each in learned
        ),
        "a run has no job, or the reverse": TrainingRun.objects.count() == jobs,
    }
    return [problem for problem, is_right in checks.items() if not is_right]


def list_unfinished() -> list[str]:
    """Check what must be true after the second run."""
    reasons = Promotion.objects.order_by("pk").values_list("via", flat=True)
    sheet = settings.IMAGES_DIR / "baseline" / erasures.PLOT
    checks = {
        "the candidate was not promoted and rolled back": [*reasons][1:] == [Via.AUTOMATIC] * 2,
        "the deletion is not recorded": Erasure.objects.get().trained_models == ["baseline"],
        "the sheet is left": not sheet.exists(),
        "no training is queued": TrainingRun.objects.count() == 1,
    }
    return [problem for problem, is_right in checks.items() if not is_right]
