"""What is stored: uploads and their digits, labels, models and training, and who is told of it."""

from classifier.models.access import ApiToken, KeptAnswer
from classifier.models.images import (
    REASONS,
    VERDICTS,
    InputImage,
    InputImageQuerySet,
    Prediction,
    Upload,
    stored_name,
)
from classifier.models.labels import MISTAKEN, LabelChange, LabelCheck, QueueItem, Suggestion
from classifier.models.media import MediaStore
from classifier.models.source import UPLOADED, Source, Via
from classifier.models.versions import (
    UNFINISHED,
    ModelState,
    ModelVersion,
    Promotion,
    RunState,
    TrainingRun,
    details,
)
from classifier.models.webhooks import Delivery, Webhook

__all__ = [
    "MISTAKEN",
    "REASONS",
    "UNFINISHED",
    "UPLOADED",
    "VERDICTS",
    "ApiToken",
    "Delivery",
    "InputImage",
    "InputImageQuerySet",
    "KeptAnswer",
    "LabelChange",
    "LabelCheck",
    "MediaStore",
    "ModelState",
    "ModelVersion",
    "Prediction",
    "Promotion",
    "QueueItem",
    "RunState",
    "Source",
    "Suggestion",
    "TrainingRun",
    "Upload",
    "Via",
    "Webhook",
    "details",
    "stored_name",
]
