"""The uploads of one browser, page by page."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet

from classifier.models import Upload
from classifier.uploads import answers
from classifier.uploads.answers import Answer

PAGE_SIZE = 24


@dataclass(frozen=True)
class HistoryPage:
    """Uploads with their answers; `last` is the key of the last one if there are older ones."""

    entries: list[tuple[Upload, Answer]] = field(default_factory=list)
    last: UUID | None = None


def list_uploads(visitor: UUID) -> QuerySet[Upload]:
    """Return the visitor's uploads, newest first."""
    return Upload.objects.filter(visitor=visitor).order_by("-created_at", "-pk")


def load_page(visitor: UUID, before: UUID | None) -> HistoryPage:
    """Return the uploads before that one, or the newest if it is None or deleted."""
    uploads = list_uploads(visitor)
    if before and (last := uploads.filter(pk=before).first()):
        older = Q(created_at__lt=last.created_at) | Q(pk__lt=last.pk)
        uploads = uploads.filter(older, created_at__lte=last.created_at)
    page = list(uploads[: PAGE_SIZE + 1])
    has_older = len(page) > PAGE_SIZE
    page = page[:PAGE_SIZE]
    entries = list(zip(page, answers.load_answers(page), strict=True))
    return HistoryPage(entries, page[-1].pk if has_older else None)
