"""The rows that store a recognition."""

from classifier.models import InputImage, ModelVersion, Prediction, QueueItem
from classifier.recognition import active_learning, imaging
from classifier.recognition.labels import Label
from classifier.recognition.recognizer import Recognition


def build_prediction(image: InputImage, result: Recognition, model: ModelVersion) -> Prediction:
    return Prediction(
        image_id=image.pk,
        model_id=model.pk,
        label=result.label,
        best_guess=result.best_guess,
        confidence=result.confidence,
        probabilities=result.probabilities.tolist(),
        scores=result.scores,
        verdict=result.verdict,
        reason=result.reason or "",
        imaging_version=imaging.VERSION,
    )


def build_queue_item(image: InputImage, result: Recognition) -> QueueItem:
    return QueueItem(
        image_id=image.pk,
        waiting=image.label == Label.UNKNOWN,
        guess=result.proposed_label,
        content=image.content,
        doubt=result.acquisition_score,
        embedding=active_learning.encode_embedding(result.features),
    )
