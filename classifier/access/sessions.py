"""Sessions in the database, which stores only hashes of their keys."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from classifier.models import Session

USE_RECORDED_EVERY = timedelta(minutes=10)
IDLE_AFTER = timedelta(hours=2)
BROWSER, STARTED_AT = "browser", "started_at"
MAX_BROWSER_LENGTH = 200


class SessionStore(db.SessionStore):
    """The session backend that SESSION_ENGINE names."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        now = timezone.now()
        session = _list_live().filter(pk=hash_key(self.session_key or "")).first()
        if session is None:
            self._session_key = None
        elif session.used_at < now - USE_RECORDED_EVERY:
            Session.objects.filter(pk=session.pk).update(used_at=now)
        return session

    def exists(self, session_key: str) -> bool:
        return super().exists(hash_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(hash_key(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.session_key = hash_key(session.session_key)
        session.user_id = data.get(SESSION_KEY)
        session.browser = data.get(BROWSER, "")
        if STARTED_AT in data:
            session.started_at = datetime.fromisoformat(data[STARTED_AT])
        return session


def _list_live() -> QuerySet[Session]:
    """Return the sessions that have neither expired nor been idle for too long."""
    now = timezone.now()
    return Session.objects.filter(expire_date__gt=now, used_at__gt=now - IDLE_AFTER)


def hash_key(session_key: str) -> str:
    return sha256(session_key.encode()).hexdigest()


@receiver(user_logged_in)
def record_browser(request: HttpRequest, **_: Any) -> None:
    """Record in the session when and with which browser its user logged in."""
    browser = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")
    request.session[BROWSER] = browser[:MAX_BROWSER_LENGTH]
    request.session[STARTED_AT] = timezone.now().isoformat()


def list_sessions(user: User) -> QuerySet[Session]:
    """Return the live sessions of staff that a user may see: all, or the user's own."""
    live = _list_live().filter(user__isnull=False)
    if not user.has_perm("classifier.view_session"):
        live = live.filter(user=user)
    return live.select_related("user").order_by("-used_at")


def end_session(user: User, pk: str) -> bool:
    """End a session, and return whether the user may and it was live."""
    deleted, _ = list_sessions(user).filter(pk=pk).delete()
    return bool(deleted)


def purge_expired() -> None:
    SessionStore.clear_expired()
