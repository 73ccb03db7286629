"""Verification of the registry: model folders, promotions and training runs."""

from collections.abc import Iterator

from classifier.models import ModelState, ModelVersion, Promotion
from classifier.monitoring.findings import Finding
from classifier.recognition import model_folder
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import runs, serving


def verify_models() -> Iterator[Finding]:
    """Compare the folders of champion and candidates with their manifests and the database."""
    in_use = (ModelState.CHAMPION, ModelState.CANDIDATE)
    for version in ModelVersion.objects.without_details().filter(state__in=in_use):
        try:
            model_folder.verify(serving.find_model_folder(version.name), version.checksum)
        except ArtifactError as error:
            yield Finding(f"model {version}", str(error), "Restore the folder from a backup.")


def verify_promotions() -> Iterator[Finding]:
    """Compare the champion with the newest promotion."""
    champion = ModelVersion.objects.champion()
    newest = Promotion.objects.select_related("model").order_by("-pk").first()
    promoted = newest.model if newest else None
    if champion != promoted:
        yield Finding(
            "promotions",
            f"The champion is {champion}, but {promoted} was promoted last.",
            f"Promote the right one: python manage.py promote {promoted or 'NAME'}",
        )


def verify_runs() -> Iterator[Finding]:
    """Find training runs that no process works on."""
    for run in runs.list_lost_runs():
        yield Finding(f"training {run}", "No process works on it.", "--repair fails it.")
