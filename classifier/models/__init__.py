"""What is stored: uploads and the digits in them, labels, models and their training."""

from classifier.models.images import (
    REASONS,
    VERDICTS,
    InputImage,
    InputImageQuerySet,
    Prediction,
    Upload,
    stored_name,
)
from classifier.models.labels import LabelChange, LabelCheck, QueueItem, Suggestion
from classifier.models.source import UPLOADED, Source, Via
from classifier.models.versions import (
    UNFINISHED,
    ModelState,
    ModelVersion,
    Promotion,
    RunState,
    TrainingMember,
    TrainingRun,
    details,
)

__all__ = [
    "REASONS",
    "UNFINISHED",
    "UPLOADED",
    "VERDICTS",
    "InputImage",
    "InputImageQuerySet",
    "LabelChange",
    "LabelCheck",
    "ModelState",
    "ModelVersion",
    "Prediction",
    "Promotion",
    "QueueItem",
    "RunState",
    "Source",
    "Suggestion",
    "TrainingMember",
    "TrainingRun",
    "Upload",
    "Via",
    "details",
    "stored_name",
]
