"""The model that this process serves: the champion, loaded within a second of its promotion."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from classifier.models import ModelVersion
from classifier.models.refreshed import Refreshed
from classifier.recognition.model_folder import ArtifactError
from classifier.recognition.recognizer import Recognizer
from classifier.registry import signatures

BUNDLED = "baseline"

logger = logging.getLogger(__name__)


class NoModel(Exception):
    """No model is champion, or its folder can't be loaded."""


@dataclass(frozen=True)
class ServedModel:
    version: ModelVersion
    recognizer: Recognizer


def find_model_folder(name: str) -> Path:
    """Return the folder in MODELS_DIR or, for the model that comes with the project, in models/."""
    folder: Path = settings.MODELS_DIR / name
    return folder if folder.exists() else settings.BUNDLED_MODELS_DIR / name


def load_recognizer(version: ModelVersion) -> Recognizer:
    """Load a model's folder.

    Raise ArtifactError if it is not the folder that was registered, or its signature is missing.
    """
    folder = find_model_folder(version.name)
    signatures.check_signature(folder)
    return Recognizer(folder, version.checksum)


@lru_cache(maxsize=2)
def load_cached(version: ModelVersion) -> Recognizer:
    """Load a model for a worker, whose jobs read with the champion and with a candidate."""
    return load_recognizer(version)


class ChampionCache(Refreshed[ServedModel]):
    """The loaded champion, compared with the database at most once a second."""

    def read(self, earlier: ServedModel | None) -> ServedModel:
        """Return the champion, loading it if it changed. Raise NoModel.

        A champion that can't be loaded leaves the one before it in service.
        """
        version = ModelVersion.objects.champion()
        if version is None:
            raise NoModel("No model is in service. Promote one: python manage.py promote NAME")
        if earlier and earlier.version == version:
            return earlier
        try:
            return ServedModel(version, load_recognizer(version))
        except ArtifactError as error:
            logger.error("Champion %s can't be loaded: %s", version.name, error)
            if earlier:
                return earlier
            raise NoModel(f"The model in service can't be loaded: {error}") from error


champion = ChampionCache()
