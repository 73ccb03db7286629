"""Rows and model folders for tests, created without recognising anything."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from classifier.access import tokens
from classifier.models import (
    UNFINISHED_STATES,
    UPLOAD_SOURCES,
    ApiToken,
    InputImage,
    LabelChange,
    ModelVersion,
    Prediction,
    QueueItem,
    RunState,
    Source,
    TrainingRun,
    Upload,
)
from classifier.recognition import model_folder
from classifier.recognition.certificate import Certificate
from classifier.recognition.labels import Label, Scope, Verdict

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def create_upload(**values: Any) -> Upload:
    defaults = {"file": "uploads/00/made", "sha256": "0" * 64, "size": 9, "width": 28}
    defaults |= {"height": 28, "media_type": "image/png", "source": Source.WEB}
    return Upload.objects.create(**defaults | values)


def create_image(**values: Any) -> InputImage:
    """Create an uploaded, unlabelled image unless `values` override that."""
    fields: dict[str, Any] = {"source": Source.WEB, "pixels": bytes(784), "label": Label.UNKNOWN}
    fields |= values
    if fields["source"] in UPLOAD_SOURCES:
        fields = {"upload": create_upload(source=fields["source"]), "box": [0, 0, 28, 28]} | fields
        if fields["label"] != Label.UNKNOWN:
            fields = {"labelled_at": timezone.now()} | fields
    return InputImage.objects.create(**fields)


def create_upload_with_image(**values: Any) -> Upload:
    """Create an upload with one image, which has these `values`."""
    upload = create_upload()
    create_image(upload=upload, **values)
    return upload


def get_label(image_id: UUID) -> str:
    return InputImage.objects.get(pk=image_id).label


def list_label_changes() -> list[tuple[str, str, str, str]]:
    changes = LabelChange.objects.order_by("id")
    return list(changes.values_list("changed_by__username", "from_label", "to_label", "via"))


def create_mnist_image(**values: Any) -> InputImage:
    return create_image(**{"source": Source.MNIST, "label": "7"} | values)


def create_version(**values: Any) -> ModelVersion:
    return ModelVersion.objects.create(**{"name": "made", "checksum": "0" * 64} | values)


def create_run(state: RunState, **values: Any) -> TrainingRun:
    """Create a run with the times that its state requires."""
    now = timezone.now()
    times: dict[str, Any] = {"started_at": now, "heartbeat_at": now}
    if state not in UNFINISHED_STATES:
        times["finished_at"] = now
    return TrainingRun.objects.create(state=state, **times | values)


def create_prediction(image: InputImage, model: ModelVersion, **values: Any) -> Prediction:
    """Create the prediction of a certain 7 unless `values` override that."""
    defaults = {"label": "7", "best_guess": "7", "confidence": 1.0, "verdict": Verdict.DIGIT}
    defaults |= {"probabilities": [float(digit == 7) for digit in range(10)], "imaging_version": 1}
    return Prediction.objects.create(image=image, model=model, **defaults | values)


def withdraw_permission(user: User, codename: str) -> None:
    """Take a permission from the roles of a user."""
    for role in user.groups.all():
        role.permissions.remove(Permission.objects.get(codename=codename))


def create_token_header(user: User, *scopes: Scope) -> dict[str, str]:
    """Issue an API token with these scopes, or with all, and return its request header."""
    token = ApiToken(name="made", user=user, scopes=scopes or [*Scope])
    return {"Authorization": f"Bearer {tokens.issue_token(token)}"}


def create_queue_item(**values: Any) -> QueueItem:
    """Queue an unlabelled upload with guess 7, a low score and a unique embedding.

    `image`, `label` and `pixels` describe its image, all other `values` the item.
    """
    image_values = {
        name: values.pop(name) for name in ("image", "label", "pixels") if name in values
    }
    image = image_values.pop("image", None) or create_image(**image_values)
    defaults = {"guess": "7", "doubt": 0.1, "waiting": image.label == Label.UNKNOWN}
    defaults |= {"embedding": generate_embedding(), "content": uuid4()}
    return QueueItem.objects.create(image=image, **defaults | values)


def generate_embedding() -> bytes:
    """Return an embedding that is unlike any other."""
    return np.frombuffer(uuid4().bytes * 8, np.int8).tobytes()


def copy_bundled_model(name: str, **changes: Any) -> Path:
    """Copy the bundled model to MODELS_DIR under another name, with changes to its manifest."""
    bundled: Path = settings.BUNDLED_MODELS_DIR / "baseline"
    folder = Path(shutil.copytree(bundled, settings.MODELS_DIR / name))
    model_folder.write_manifest(folder, replace(model_folder.verify(bundled), name=name, **changes))
    return folder


def build_certificate(**changes: Any) -> Certificate:
    """Build a proved certificate for digits unless `changes` override that."""
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


def build_thresholds(**changes: float) -> dict[str, float]:
    """Build thresholds that accept everything as a digit unless `changes` override that."""
    return {"confidence": 0.0, "rejection": 1.0, "distance": 1e9} | changes


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
