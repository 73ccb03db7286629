"""Audits: certain answers, drawn at random, that the queue offers without a mark."""

import logging
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from classifier.errors import RuleBroken
from classifier.models import AlarmKind, Audit, ModelVersion, Prediction, QueueItem, Via
from classifier.monitoring.audits import AuditedError, list_wrong_audits, summarize_audits
from classifier.recognition.certificate import Certificate
from classifier.recognition.labels import Event, Verdict
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import alarms, versions

RATE_WINDOW = timedelta(days=30)
DRAW_WINDOW = timedelta(hours=25)  # so a draw can be missed for a day
ITEMS_PER_AUDIT = 5  # in the queue, on average, while audits wait
DAY = timedelta(days=1)
MAX_CAUSES = 24  # images that an alarm shows

PROMISE_BROKEN = gettext_noop(
    "Of %(audited)s audited answers that %(champion)s called certain in the last 30 days, "
    "%(wrong)s are wrong: %(low)s to %(high)s %% (95 %%). It promises at most %(promise)s %%. "
    "Label more, train, or roll back."
)

logger = logging.getLogger(__name__)


@transaction.atomic
def draw_audits() -> None:
    """Draw audits from the certain answers of the last day.

    An answer is drawn if its image's random id is below a limit. So all answers of one time have
    the same chance, and a second draw selects the same ones.
    """
    now = timezone.now()
    limit = UUID(int=min(int(_compute_draw_rate(now) * 2**128), 2**128 - 1))
    answers = _list_certain_answers(now - DRAW_WINDOW).filter(image_id__lte=limit)
    audits = [Audit(image_id=answer.image_id, prediction=answer) for answer in answers]
    Audit.objects.bulk_create(audits, ignore_conflicts=True)


def _list_certain_answers(since: datetime) -> QuerySet[Prediction]:
    recent = Prediction.objects.filter(created_at__gte=since, verdict=Verdict.DIGIT)
    return recent.first_answers()


def _compute_draw_rate(now: datetime) -> float:
    """Return the chance of each answer, 0 to 1, for AUDIT_PER_DAY audits on average."""
    certain = _list_certain_answers(now - RATE_WINDOW)
    oldest: datetime | None = certain.aggregate(oldest=Min("created_at"))["oldest"]
    if oldest is None:
        return 0.0
    days = max((now - oldest) / DAY, 1.0)
    return float(min(settings.AUDIT_PER_DAY * days / certain.count(), 1.0))


def mix_in_audits(chosen: list[UUID], free: QuerySet[QueueItem]) -> list[UUID]:
    """Return the chosen images with about one in five replaced by a waiting audit."""
    places = [place for place in range(len(chosen)) if not secrets.randbelow(ITEMS_PER_AUDIT)]
    audits = free.filter(pk__in=Audit.objects.values("image")).exclude(pk__in=chosen)
    mixed = [*chosen]
    waiting = audits.order_by("created_at").values_list("pk", flat=True)[: len(places)]
    for place, audit in zip(places, waiting, strict=False):
        mixed[place] = audit
    return mixed


def check_promise() -> None:
    """Raise an alarm if the champion's certain answers are wrong more often than it promises.

    It is raised when the lower end of the 95 % interval exceeds the promise, and cleared when it no
    longer does. With ROLLBACK_WITHIN_DAYS, it rolls back a new champion.
    """
    champion = ModelVersion.objects.champion()
    promise = find_promise(champion) if champion else None
    error = summarize_audits(champion).total
    if champion is None or promise is None or error.interval[0] <= promise:
        alarms.clear_alarm(AlarmKind.ERROR_EXCEEDED)
    else:
        _raise_alarm(champion, promise, error)


def _raise_alarm(champion: ModelVersion, promise: float, error: AuditedError) -> None:
    low, high = error.interval
    message = PROMISE_BROKEN % {
        "audited": error.audited,
        "champion": champion,
        "wrong": error.wrong,
        "low": f"{100 * low:.1f}",
        "high": f"{100 * high:.1f}",
        "promise": f"{100 * promise:.1f}",
    }
    payload = {
        "audited": error.audited,
        "wrong": error.wrong,
        "interval": [low, high],
        "promise": promise,
        "model": champion.name,
    }
    wrong = list_wrong_audits(champion).values_list("image", flat=True)[:MAX_CAUSES]
    kind, event = AlarmKind.ERROR_EXCEEDED, Event.MODEL_ERROR_EXCEEDED
    alarms.raise_alarm(kind, message, wrong, event, payload)
    _roll_back_new_champion(champion, message)


def _roll_back_new_champion(champion: ModelVersion, reason: str) -> None:
    limit = timezone.now() - settings.ROLLBACK_WITHIN_DAYS * DAY
    # A model that came back by a rollback stays, or two bad models would take turns.
    is_new = champion.promotions.count() == 1 and champion.promotions.filter(at__gt=limit).exists()
    if not is_new or not versions.get_previous_champion():
        return
    try:
        versions.roll_back(via=Via.AUTOMATIC, reason=reason)
    except (RuleBroken, ArtifactError) as error:
        logger.error("Champion %s can't be rolled back: %s", champion, error)


def find_promise(model: ModelVersion) -> float | None:
    """Return the largest share of wrong digits that the model's certificates allow, 0 to 1."""
    certificates = [Certificate(**each) for each in model.certificates]
    return max(
        (each.level for each in certificates if each.claim == "digits" and each.is_proved),
        default=None,
    )
