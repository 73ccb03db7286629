"""Trains, promotes and rolls back repeatedly, each time killed one step later than before.

A step is a statement that writes, a commit or a change of a file: a kill at a read has the same
effect as a kill at the next step. Training and evaluation are replaced by stand-ins; everything
that writes is real. Prints a line for each step with its number and the problems after it.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from classifier.models import ModelState, ModelVersion, Promotion, RunState, TrainingRun, Via
from classifier.recognition import model_folder
from classifier.recognition.recognizer import Recognizer
from classifier.registry import runs, versions
from classifier.registry.serving import find_model_folder
from training import trainer
from training.record import record_run
from training.run import TrainingRequest, train_model
from training.tests import stand_ins

FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def main() -> None:
    stand_ins.install(setattr)
    versions.promote_bundled()
    for step in count(1):
        connection.close()
        child = os.fork()
        if not child:
            run_until(step)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{'killed' if killed else 'lived'} {step}: {list_problems() or 'none'}\n")
        if not killed:
            return
        TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        runs.fail_lost_runs()


def run_until(step: int) -> None:
    """Train, promote and roll back in this process, and kill it at that step."""
    steps = count(1)

    def count_step() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute_statement(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if not sql.startswith("SELECT") or " FOR " in sql:
            count_step()
        return execute(sql, *arguments)

    commit = connection.commit

    def count_and_commit() -> None:
        count_step()
        commit()
        count_step()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
        place = str(settings.MODELS_DIR.parent)
        if event in FILE_EVENTS and not reads and place in str(arguments[0]):
            count_step()

    connection.execute_wrappers.append(execute_statement)
    connection.commit = count_and_commit  # type: ignore[method-assign]
    sys.addaudithook(audit)
    train_promote_and_roll_back(f"at-{step:03}")
    os._exit(0)


def train_promote_and_roll_back(name: str) -> None:
    request = TrainingRequest(name, trainer.Configuration(1, 3, 1), Via.COMMAND, progress_bar=False)
    with record_run(runs.start_run(fine_tune=False, force=False), lambda _: None) as record:
        train_model(request, record)
    versions.rollback()


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
