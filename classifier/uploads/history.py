"""What one browser has sent, and what was answered."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet

from classifier.models import Upload
from classifier.uploads import answers
from classifier.uploads.answers import Answer

PAGE_SIZE = 24


@dataclass(frozen=True)
class HistoryPage:
    """`last` is where the older ones go on; there are none without it."""

    sent: list[tuple[Upload, Answer]] = field(default_factory=list)
    last: UUID | None = None


def list_uploads(visitor: UUID) -> QuerySet[Upload]:
    """Newest first."""
    return Upload.objects.filter(visitor=visitor).order_by("-created_at", "-pk")


def load_page(visitor: UUID, before: UUID | None) -> HistoryPage:
    """The newest or, where that one is still there, those that were sent before it."""
    sent = list_uploads(visitor)
    if before and (last := sent.filter(pk=before).first()):
        older = Q(created_at__lt=last.created_at) | Q(pk__lt=last.pk)
        sent = sent.filter(older, created_at__lte=last.created_at)
    found = list(sent[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    answered = zip(shown, answers.load_answers(shown), strict=True)
    return HistoryPage(list(answered), shown[-1].pk if more else None)
