"""What one browser has sent, and what was answered."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet

from classifier.models import Upload
from classifier.uploads import answers
from classifier.uploads.answers import Answer

A_PAGE = 24


@dataclass(frozen=True)
class Page:
    """`last` is where the older ones go on; there are none without it."""

    sent: list[tuple[Upload, Answer]] = field(default_factory=list)
    last: UUID | None = None


def sent_by(visitor: UUID) -> QuerySet[Upload]:
    """Newest first."""
    return Upload.objects.filter(visitor=visitor).order_by("-created_at", "-pk")


def page(visitor: UUID, before: UUID | None) -> Page:
    """The newest or, where that one is still there, those that were sent before it."""
    sent = sent_by(visitor)
    if before and (last := sent.filter(pk=before).first()):
        older = Q(created_at__lt=last.created_at) | Q(pk__lt=last.pk)
        sent = sent.filter(older, created_at__lte=last.created_at)
    found = list(sent[: A_PAGE + 1])
    shown = found[:A_PAGE]
    more = len(found) > A_PAGE
    answered = zip(shown, answers.of_uploads(shown), strict=True)
    return Page(list(answered), shown[-1].pk if more else None)
