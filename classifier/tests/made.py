"""Rows and model folders that the tests start from, made without recognising anything."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from classifier.access import tokens
from classifier.models import (
    UPLOADED,
    ApiToken,
    InputImage,
    ModelVersion,
    Prediction,
    QueueItem,
    Source,
    Upload,
)
from classifier.recognition import model_folder
from classifier.recognition.certificate import Certificate
from classifier.recognition.labels import Label, Scope, Verdict


def upload(**values: Any) -> Upload:
    given = {"file": "uploads/00/made", "sha256": "0" * 64, "size": 9, "width": 28, "height": 28}
    return Upload.objects.create(
        **given | {"media_type": "image/png", "source": Source.WEB} | values
    )


def image(**values: Any) -> InputImage:
    """One that was uploaded and that nobody has labelled, unless `values` say otherwise."""
    given: dict[str, Any] = {"source": Source.WEB, "pixels": bytes(784), "label": Label.UNKNOWN}
    given |= values
    if given["source"] in UPLOADED:
        given = {"upload": upload(source=given["source"]), "box": [0, 0, 28, 28]} | given
    if given["source"] in UPLOADED and given["label"] != Label.UNKNOWN:
        given = {"labelled_at": timezone.now()} | given
    return InputImage.objects.create(**given)


def label_of(image_id: UUID) -> str:
    return InputImage.objects.get(pk=image_id).label


def mnist_image(**values: Any) -> InputImage:
    return image(**{"source": Source.MNIST, "label": "7"} | values)


def version(**values: Any) -> ModelVersion:
    return ModelVersion.objects.create(**{"name": "made", "checksum": "0" * 64} | values)


def prediction(of: InputImage, by: ModelVersion, **values: Any) -> Prediction:
    """That it is a 7, for certain, unless `values` say otherwise."""
    given = {"label": "7", "best_guess": "7", "confidence": 1.0, "verdict": Verdict.DIGIT}
    given |= {"probabilities": [float(digit == 7) for digit in range(10)], "imaging_version": 1}
    return Prediction.objects.create(image=of, model=by, **given | values)


def token(user: User, *scopes: Scope) -> dict[str, str]:
    """The headers of a request by an API token, with all scopes unless some are named."""
    kept = ApiToken(name="made", user=user, scopes=scopes or [*Scope])
    return {"Authorization": f"Bearer {tokens.issue(kept)}"}


def queued(**values: Any) -> QueueItem:
    """An unlabelled upload in the queue, called a 7 with little doubt, like no other.

    `values` of an image go to it, all others to the item.
    """
    of_image = {name: values.pop(name) for name in ("image", "label", "pixels") if name in values}
    item = of_image.pop("image", None) or image(**of_image)
    given = {"guess": "7", "doubt": 0.1, "waiting": item.label == Label.UNKNOWN}
    given |= {"embedding": unlike_any_other()}
    return QueueItem.objects.create(image=item, **given | values)


def unlike_any_other() -> bytes:
    return np.frombuffer(uuid4().bytes * 8, np.int8).tobytes()


def copy_bundled_model(name: str, **changes: Any) -> Path:
    """The bundled model under another name in MODELS_DIR, its manifest changed."""
    bundled: Path = settings.BUNDLED_MODELS_DIR / "baseline"
    folder = Path(shutil.copytree(bundled, settings.MODELS_DIR / name))
    model_folder.write_manifest(folder, replace(model_folder.read(bundled), name=name, **changes))
    return folder


def certificate(**changes: Any) -> Certificate:
    """A proved one of digits, unless `changes` make it another."""
    values: dict[str, Any] = {
        "claim": "digits",
        "confidence": 0.95,
        "level": 0.001,
        "threshold": 0.9991,
        "n": 4_800,
        "errors": 1,
        "upper_bound": 0.000988,
        "set_digest": "0" * 64,
    }
    return Certificate(**values | changes)


def thresholds(**changes: float) -> dict[str, float]:
    """That let everything through as a digit, unless `changes` say otherwise."""
    return {"confidence": 0.0, "rejection": 1.0, "distance": 1e9} | changes


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
