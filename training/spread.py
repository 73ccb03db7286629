"""Members of one ensemble trained by several workers, of which the run's own process is one."""

import json
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import keras
import numpy as np
from django.conf import settings
from django.db import connection

from classifier.durable import fsync
from classifier.services import RuleBroken, members
from classifier.serving import model_folder
from training import cnn, export, trainer
from training.images import Images
from training.record import without_fail
from training.trainer import Configuration, Follow

LOOK_EVERY_S = 1.0
LESSON = "lesson.npz"
COURSE = "course.json"

T = TypeVar("T")


class NotShared(RuleBroken):
    """What the members learn from is not where this host looks for it."""


def fit(
    run_id: int, images: Images, course: dict[str, Any], follow: Follow, progress_bar: bool
) -> list[keras.Model]:
    """The members that `course`, which is what a model folder calls its configuration, says.

    This process trains whichever nobody else is at. `follow` hears of everybody's epochs.
    """
    with _shared(run_id, images, course) as folder:
        members.share(run_id, course["members"])
        with _Merging(run_id, follow) as merging:
            while numbers := _surely(partial(members.unfinished, run_id)):
                number, claim = _first_free(run_id, numbers)
                if claim:
                    merging.beat_for(claim)
                    _train(claim, number, folder, images, course, progress_bar)
                else:
                    time.sleep(LOOK_EVERY_S)
        return [_read(_weights(folder, number)) for number in range(1, course["members"] + 1)]


def _first_free(run_id: int, numbers: list[int]) -> tuple[int, UUID | None]:
    for number in numbers:
        if claim := _surely(partial(members.claim, run_id, number)):
            return number, claim
    return 0, None


def train_claimed(claim: UUID) -> None:
    """In a process of its own, maybe on another host. Raises RuleBroken, as NotShared."""
    member = members.claimed(claim)
    folder = _folder(member.run_id)
    try:
        with np.load(folder / LESSON) as stored:
            images = Images(stored["pixels"], stored["labels"])
        course = json.loads((folder / COURSE).read_text())
    except FileNotFoundError as error:
        raise NotShared(
            f"{folder} is not there. SPREAD_TRAINING needs one MODELS_DIR that all hosts share."
        ) from error
    _train(claim, member.number, folder, images, course, progress_bar=False)


def _train(
    claim: UUID,
    number: int,
    folder: Path,
    images: Images,
    course: dict[str, Any],
    progress_bar: bool,
) -> None:
    epochs: list[dict[str, Any]] = []

    def follow(values: dict[str, Any]) -> None:
        epochs.append(values)
        with without_fail():
            members.tell(claim, epochs)

    given = Configuration(course["epochs"], course["members"], course["seed"])
    if "fine_tuned_from" in course:
        old = export.read(model_folder(course["fine_tuned_from"]))
        [model] = trainer.fine_tune(old, images, given, follow, progress_bar, [number])
    else:
        [model] = trainer.fit(images, given, follow, progress_bar, [number])
    _write(_weights(folder, number), model)
    _surely(partial(members.tell, claim, epochs, done=True))


def _surely(ask: Callable[[], T]) -> T:
    """Though the database is away right now."""
    while True:
        with without_fail():
            return ask()
        time.sleep(LOOK_EVERY_S)


def _folder(run_id: int) -> Path:
    folder: Path = settings.MODELS_DIR / f".run-{run_id}.part"
    return folder


def _weights(folder: Path, number: int) -> Path:
    return folder / f"{number}.npz"


@contextmanager
def _shared(run_id: int, images: Images, course: dict[str, Any]) -> Iterator[Path]:
    """What every member learns from, in a folder that is there as long as they are trained."""
    # One run goes on at a time: others' folders are of killed ones.
    for left in settings.MODELS_DIR.glob(".run-*.part"):
        shutil.rmtree(left, ignore_errors=True)
    folder = _folder(run_id)
    folder.mkdir(parents=True)
    try:
        np.savez(folder / LESSON, pixels=images.pixels, labels=images.labels)
        (folder / COURSE).write_text(json.dumps(course))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, model: keras.Model) -> None:
    """Aside first: two may write it, where one was silent for long and not gone."""
    aside = path.with_name(f".{uuid4().hex}.part")
    with aside.open("wb") as file:
        np.savez(file, *model.get_weights())
    fsync(aside)
    aside.rename(path)
    fsync(path.parent)


def _read(path: Path) -> keras.Model:
    model = cnn.build()
    with np.load(path) as stored:
        model.set_weights([stored[f"arr_{place}"] for place in range(len(stored.files))])
    return model


class _Merging(threading.Thread):
    """Beats for the member that this process trains, and follows the epochs of all of them."""

    def __init__(self, run_id: int, follow: Follow) -> None:
        super().__init__(daemon=True)
        self._run_id = run_id
        self._follow = follow
        self._claim: UUID | None = None
        self._followed: dict[int, int] = defaultdict(int)
        self._ended = threading.Event()

    def beat_for(self, claim: UUID) -> None:
        self._claim = claim

    def run(self) -> None:
        try:
            while not self._ended.wait(LOOK_EVERY_S):
                self._look()
        finally:
            connection.close()

    def _look(self) -> None:
        with without_fail():
            if self._claim:
                members.beat(self._claim)
            for values in members.progress(self._run_id):
                self._tell(values)

    def _tell(self, values: dict[str, Any]) -> None:
        """Once: a member that is taken over begins anew."""
        if values["epoch"] > self._followed[values["member"]]:
            self._followed[values["member"]] = values["epoch"]
            self._follow(values)

    def __enter__(self) -> "_Merging":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        self._look()
