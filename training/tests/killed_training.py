"""Trains, promotes and rolls back repeatedly, each time killed one step later than before.

Training and evaluation are replaced by stand-ins; everything that writes is real. Prints a line
for each step with its number and the problems after it.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from classifier.models import ModelState, ModelVersion, Promotion, RunState, TrainingRun
from classifier.recognition import model_folder
from classifier.recognition.recognizer import Recognizer
from classifier.registry import runs, versions
from classifier.registry.serving import find_model_folder
from classifier.tests.killing import kill_at_each_step, print_step
from training import trainer
from training.plan import TrainingRequest
from training.record import record_run
from training.run import train_model
from training.tests import stand_ins


def main() -> None:
    stand_ins.install(setattr)
    versions.promote_bundled_model()
    for step, was_killed in kill_at_each_step(train_promote_and_roll_back):
        print_step(step, was_killed, list_problems())
        TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        runs.fail_lost_runs()


def train_promote_and_roll_back(step: int) -> None:
    name = f"at-{step:03}"
    request = TrainingRequest(
        name, trainer.Configuration(1, 3, 1), promote=True, progress_bar=False
    )
    with record_run(runs.start_run(fine_tune=False, force=False), lambda _: None) as record:
        train_model(request, record)
    versions.roll_back()


def list_problems() -> list[str]:
    """Check what must be true after a crash."""
    champions = ModelVersion.objects.filter(state=ModelState.CHAMPION)
    problems = [] if champions.count() == 1 else [f"{champions.count()} champions"]
    newest = Promotion.objects.order_by("-id").values_list("model", flat=True)[:1]
    if [*newest] != [champion.pk for champion in champions]:
        problems.append("the champion is not the model promoted last")
    touched = {*champions, *ModelVersion.objects.order_by("-id")[:2]}
    problems += [
        f"{version} is not in its folder"
        for version in touched
        if Recognizer(find_model_folder(version.name)).name != version.name
    ]
    for folder in sorted(settings.MODELS_DIR.glob("[!.]*"))[-2:]:
        model_folder.verify(folder)
    succeeded = TrainingRun.objects.filter(state=RunState.SUCCEEDED).count()
    if succeeded != ModelVersion.objects.exclude(name="baseline").count():
        problems.append("a run succeeded without a registered model, or the reverse")
    return problems
