"""Shadow reading: the newest candidate reads the newest uploads, and labels decide about it."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from classifier.errors import RuleBroken
from classifier.models import InputImage, ModelVersion, ShadowReading, Via
from classifier.recognition import sequential_test
from classifier.recognition.labels import Label
from classifier.recognition.model_folder import ArtifactError
from classifier.recognition.sequential_test import Decision
from classifier.registry import erasures, serving, versions

logger = logging.getLogger(__name__)

IMAGES_PER_BATCH = 250
MAX_PICTURES = 60
IS_BETTER = Q(guess=F("image__label"))
IS_WORSE = Q(served_guess=F("image__label"))


@dataclass(frozen=True)
class ShadowSummary:
    """Images read by a candidate, those that it reads differently, and their labels.

    Of the `labelled` ones, `better` are those that only the candidate reads right, `worse` those
    that only the served model did. Labels that the candidate may have learned from do not count.
    """

    read: int
    differing: int
    labelled: int
    better: int
    worse: int
    unlabelled: int

    @property
    def decision(self) -> Decision:
        return sequential_test.decide(self.better, self.worse)

    @property
    def labels_to_decision(self) -> int:
        return sequential_test.count_labels_to_decision(self.better, self.worse)

    @property
    def next_labels(self) -> int:
        """The number of labels to set next: until a decision, or as many as there are images."""
        return min(self.labels_to_decision, self.unlabelled)


def read_batch() -> int:
    """Let the candidate read some of the newest uploads that it has not read; return how many.

    A candidate whose folder can't be loaded reads nothing.
    """
    candidate = ModelVersion.objects.newest_candidate()
    images = _list_unread(candidate) if candidate else []
    if candidate is None or not images:
        return 0
    try:
        recognizer = serving.load_cached(candidate)
    except ArtifactError as error:
        logger.error("Candidate %s can't be loaded: %s", candidate.name, error)
        return 0
    recognitions = recognizer.recognize(image.array for image in images)
    readings = [
        ShadowReading(
            image=image,
            model=candidate,
            guess=recognition.proposed_label,
            served_guess=image.queued.guess,
            confidence=recognition.confidence,
        )
        for image, recognition in zip(images, recognitions, strict=True)
    ]
    return _store(readings)


@transaction.atomic
def _store(readings: list[ShadowReading]) -> int:
    """Store the readings of images that are neither deleted nor locked; return how many."""
    images = InputImage.objects.filter(pk__in=[reading.image_id for reading in readings])
    locked = images.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    free = {*locked}
    stored = [reading for reading in readings if reading.image_id in free]
    ShadowReading.objects.bulk_create(stored, ignore_conflicts=True)
    return len(stored)


def _list_unread(candidate: ModelVersion) -> list[InputImage]:
    newest = InputImage.objects.uploaded().order_by("-created_at", "-id")
    recent = [*newest.values_list("pk", flat=True)[: settings.SHADOW_UPLOADS]]
    read = ShadowReading.objects.filter(model=candidate, image__in=recent)
    unread = InputImage.objects.filter(pk__in=recent, queued__isnull=False)
    unread = unread.exclude(pk__in=read.values("image")).select_related("queued")
    return [*unread.order_by("-created_at", "-id")[:IMAGES_PER_BATCH]]


def summarize_readings(candidate: ModelVersion) -> ShadowSummary:
    readings = ShadowReading.objects.filter(model=candidate)
    differs, is_fresh = ~Q(guess=F("served_guess")), _is_freshly_labelled(candidate)
    return ShadowSummary(
        **readings.aggregate(
            read=Count("pk"),
            differing=Count("pk", filter=differs),
            labelled=Count("pk", filter=differs & is_fresh),
            better=Count("pk", filter=differs & is_fresh & IS_BETTER),
            worse=Count("pk", filter=differs & is_fresh & IS_WORSE),
            unlabelled=Count("pk", filter=differs & Q(image__label=Label.UNKNOWN)),
        )
    )


def _is_freshly_labelled(candidate: ModelVersion) -> Q:
    """Return the condition that the image's label can't have taught the candidate."""
    return Q(image__labelled_at__gt=candidate.created_at)


def promote_if_decided() -> None:
    """Promote the candidate if labels have decided for it, or if the champion has to forget.

    A candidate that can't be promoted stays one.
    """
    candidate = ModelVersion.objects.newest_candidate()
    if candidate is None:
        return
    summary = summarize_readings(candidate)
    if summary.decision == Decision.PROMOTE:
        reason = f"On uploads, {summary.better} labels favour it and {summary.worse} do not."
    elif erasures.is_forgetting_due() and not erasures.list_deleted_images(candidate).exists():
        reason = "It was not trained on images that have been deleted."
    else:
        return
    try:
        versions.promote_model(candidate.name, via=Via.AUTOMATIC, reason=reason)
    except (RuleBroken, ArtifactError) as error:
        logger.error("Candidate %s can't be promoted: %s", candidate.name, error)


def list_differing(candidate: ModelVersion) -> QuerySet[ShadowReading]:
    """Return the readings that differ, the newest uploads and then the surest readings first."""
    differing = ShadowReading.objects.filter(model=candidate).exclude(guess=F("served_guess"))
    return differing.select_related("image").order_by("-image__created_at", "-confidence")


@dataclass(frozen=True)
class DifferingReadings:
    """The first 60 readings that differ: better by their labels, worse, and without a label."""

    better: list[ShadowReading]
    worse: list[ShadowReading]
    unlabelled: list[ShadowReading]


def group_differing(candidate: ModelVersion) -> DifferingReadings:
    differing = list_differing(candidate).defer("image__pixels")
    fresh = differing.filter(_is_freshly_labelled(candidate))
    unlabelled = differing.filter(image__label=Label.UNKNOWN)
    groups = (fresh.filter(IS_BETTER), fresh.filter(IS_WORSE), unlabelled)
    return DifferingReadings(*([*group[:MAX_PICTURES]] for group in groups))
