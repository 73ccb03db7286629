"""What a model said of an image, as the rows that keep it."""

from classifier.models import InputImage, ModelVersion, Prediction, QueueItem
from classifier.recognition import active_learning, imaging
from classifier.recognition.labels import Label
from classifier.recognition.recognizer import Recognition


def build_prediction(image: InputImage, found: Recognition, model: ModelVersion) -> Prediction:
    return Prediction(
        image=image,
        model=model,
        label=found.label,
        best_guess=found.best_guess,
        confidence=found.confidence,
        probabilities=found.probabilities.tolist(),
        scores=found.scores,
        verdict=found.verdict,
        reason=found.reason or "",
        imaging_version=imaging.VERSION,
    )


def build_queue_item(image: InputImage, found: Recognition) -> QueueItem:
    return QueueItem(
        image=image,
        waiting=image.label == Label.UNKNOWN,
        guess=found.proposed_label,
        doubt=found.acquisition_score,
        embedding=active_learning.encode_embedding(found.features),
    )
