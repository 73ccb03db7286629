"""Workers as processes or connections that use the test database."""

import os
import subprocess
import sys
from typing import Any
from unittest.mock import Mock

import psycopg
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from classifier import tasks
from classifier.monitoring import workers
from classifier.tests.database import get_database_url


def build_environment() -> dict[str, str]:
    return os.environ | {
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
        "DATABASE_URL": get_database_url(),
        "WEBHOOK_INTERNAL_NETWORKS": ",".join(map(str, settings.WEBHOOK_INTERNAL_NETWORKS)),
        "MODELS_DIR": str(settings.MODELS_DIR),
        "IMAGES_DIR": str(settings.IMAGES_DIR),
        "VAR_DIR": str(settings.MODELS_DIR.with_name("var")),
    }


def start_worker(queue: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", queue]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=build_environment())


def retry_stalled_jobs() -> None:
    """Run the task that retries stalled jobs as if no worker had sent a heartbeat for an hour."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'")
    async_to_sync(tasks.retry_stalled_jobs.func)(Mock(app=app), 0)


def connect_as_worker(name: str = workers.APPLICATION_NAME) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection that has sent a heartbeat."""
    connected = psycopg.connect(get_database_url(), application_name=name, autocommit=True)
    connected.execute("SELECT 1")
    return connected
