"""Workers as processes of their own, with the tests' own database."""

import os
import subprocess
import sys
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from classifier import tasks

CONNECTING = ("host", "port", "user", "password")


def environment() -> dict[str, str]:
    given: dict[str, Any] = {**connection.get_connection_params()}
    parts = {name: str(given[name]) for name in CONNECTING if name in given}
    url = f"postgresql:///{given['dbname']}?{urlencode(parts)}"
    return os.environ | {"DATABASE_URL": url, "MODELS_DIR": str(settings.MODELS_DIR)}


def start(queue: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", queue]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment())


def settle_as_if_long_silent() -> None:
    """What any worker does every 20 seconds, half a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'")
    async_to_sync(tasks.settle_jobs.func)(Mock(app=app), 0)
