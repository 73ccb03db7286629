"""The data and configuration of a training run."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from classifier.errors import RuleBroken
from classifier.models import ModelVersion, Source
from classifier.registry import runs
from classifier.registry.serving import find_model_folder
from training import export
from training.data import database, split
from training.data.database import TrainingData
from training.data.images import Images
from training.data.split import TrainingSplit
from training.evaluation import report
from training.record import Record
from training.trainer import Configuration

MIN_IMAGES_PER_DIGIT = 100


@dataclass(frozen=True)
class TrainingRequest:
    """The name and configuration of a new model, which is promoted if `promote` is set and the gate
    passes it."""

    name: str
    configuration: Configuration
    promote: bool = False
    progress_bar: bool = True


@dataclass(frozen=True)
class TrainingPlan:
    """The data and configuration of a run. To fine-tune, `base` is the model to start from."""

    request: TrainingRequest
    data: TrainingData
    split: TrainingSplit
    configuration: Configuration
    base: ModelVersion | None = None
    base_members: tuple[Any, ...] = ()

    @cached_property
    def digits(self) -> Images:
        """The digits of MNIST without those that calibrate."""
        return split.split_digits(self.data.mnist)[0]

    @property
    def settings(self) -> dict[str, Any]:
        base = {"fine_tuned_from": self.base.name} if self.base else {}
        return asdict(self.configuration) | base


def prepare_plan(
    request: TrainingRequest, champion: ModelVersion | None, record: Record
) -> TrainingPlan:
    """Read the data of a run, and split them.

    Raise NoNewLabels if there are none, RuleBroken if there is nothing to train on or from.
    """
    record.set_stage(gettext_noop("reading the images"))
    data = database.load_training_data(champion)
    counts = np.bincount((data.mnist + data.uploads).digits.labels, minlength=10)
    if counts.min() < MIN_IMAGES_PER_DIGIT:
        raise RuleBroken(
            gettext_noop(
                "Training needs %(least)s labelled images of each digit, but there are only "
                "%(count)s of digit %(digit)s. Load MNIST: python manage.py loadmnist."
            )
            % {"least": MIN_IMAGES_PER_DIGIT, "count": counts.min(), "digit": counts.argmin()}
        )
    base = champion if record.run.fine_tune else None
    if base and not record.run.force:
        _check_labels_are_new(data, base)
    sources = {source.value: str(source.label) for source in Source}
    record.log(report.format_snapshot(data.snapshot, sources))
    record.set_stage(gettext_noop("preparing the training data"))
    configuration = request.configuration
    if base is None:
        prepared = split.prepare_training(data.mnist + data.uploads, configuration.seed)
        return TrainingPlan(request, data, prepared, configuration)
    members = export.read_members(find_model_folder(base.name))
    configuration = replace(configuration, members=len(members))
    prepared = split.prepare_fine_tuning(data.mnist, data.uploads, configuration.seed)
    return TrainingPlan(request, data, prepared, configuration, base, tuple(members))


def _check_labels_are_new(data: TrainingData, champion: ModelVersion) -> None:
    if data.snapshot.corrected == champion.snapshot.get("corrected", {}):
        raise runs.NoNewLabels(
            gettext_noop(
                "Nothing new to learn: model %(champion)s knows every label that is not held out."
            )
            % {"champion": champion}
        )
