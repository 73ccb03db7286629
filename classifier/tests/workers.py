"""Workers as processes or as connections of their own, with the tests' own database."""

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

from classifier import jobs, tasks
from classifier.tests.database import database_url


def environment() -> dict[str, str]:
    folders = ("MODELS_DIR", "IMAGES_DIR", "VAR_DIR")
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
        "DATABASE_URL": database_url(),
        **{name: str(getattr(settings, name)) for name in folders},
    }


def start(queue: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", queue]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment())


def settle_as_if_long_silent() -> None:
    """What any worker does every 20 seconds, half a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'")
    async_to_sync(tasks.settle_jobs.func)(Mock(app=app), 0)


def connect(name: str = jobs.APPLICATION_NAME) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection that has sent a heartbeat, as a worker's."""
    connected = psycopg.connect(database_url(), application_name=name, autocommit=True)
    connected.execute("SELECT 1")
    return connected
