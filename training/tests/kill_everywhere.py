"""Trains, promotes and rolls back again and again, each time killed one step later than the last.

A step is a statement that writes or a commit, or a change of a file: a kill at a read leaves what
a kill at the next step leaves.
What trains and measures is replaced by what takes no time; all that writes is real. Prints a line
for each step: what it was, and what was wrong after it.
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
from training import record, trainer
from training.run import Plan, train_model
from training.tests import stand_ins

FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def main() -> None:
    stand_ins.install(setattr)
    versions.promote_bundled()
    for step in count(1):
        connection.close()
        child = os.fork()
        if not child:
            live_until(step)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{'killed' if killed else 'lived'} {step}: {problems() or 'none'}\n")
        if not killed:
            return
        TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        runs.fail_lost_runs()


def live_until(step: int) -> None:
    """One whole round in this process, which kills itself at that step."""
    steps = count(1)

    def reach() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if not sql.startswith("SELECT") or " FOR " in sql:
            reach()
        return execute(sql, *arguments)

    commit = connection.commit

    def committing() -> None:
        reach()
        commit()
        reach()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
        place = str(settings.MODELS_DIR.parent)
        if event in FILE_EVENTS and not reads and place in str(arguments[0]):
            reach()

    connection.execute_wrappers.append(statement)
    connection.commit = committing  # type: ignore[method-assign]
    sys.addaudithook(audit)
    train_promote_and_roll_back(f"at-{step:03}")
    os._exit(0)


def train_promote_and_roll_back(name: str) -> None:
    plan = Plan(name, trainer.Configuration(1, 3, 1), Via.COMMAND, progress_bar=False)
    with record.kept(runs.start_run(fine_tune=False, force=False), lambda _: None) as kept:
        train_model(plan, kept)
    versions.rollback()


def problems() -> list[str]:
    """What no crash may leave."""
    champions = ModelVersion.objects.filter(state=ModelState.CHAMPION)
    found = [] if champions.count() == 1 else [f"{champions.count()} champions"]
    newest = Promotion.objects.order_by("-id").values_list("model", flat=True)[:1]
    if [*newest] != [champion.pk for champion in champions]:
        found.append("the champion is not what was promoted last")
    touched = {*champions, *ModelVersion.objects.order_by("-id")[:2]}
    found += [
        f"{version} is not in its folder"
        for version in touched
        if Recognizer(find_model_folder(version.name)).name != version.name
    ]
    for folder in sorted(settings.MODELS_DIR.glob("[!.]*"))[-2:]:
        model_folder.read(folder)
    succeeded = TrainingRun.objects.filter(state=RunState.SUCCEEDED).count()
    if succeeded != ModelVersion.objects.exclude(name="baseline").count():
        found.append("a run and its model are not on record together")
    return found
