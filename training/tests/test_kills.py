"""A process that is killed at any step of train, publish, promote and roll back."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection

from classifier.models import InputImage

pytestmark = pytest.mark.django_db(transaction=True)


SCRIPT = """
import django; django.setup()
from training.tests import kill_everywhere; kill_everywhere.main()
"""


CONNECTING = ("host", "port", "user", "password")


def database_url() -> str:
    """Of the tests' own database."""
    given: dict[str, Any] = {**connection.get_connection_params()}
    parts = {name: str(given[name]) for name in CONNECTING if name in given}
    return f"postgresql:///{given['dbname']}?{urlencode(parts)}"


def test_a_kill_at_any_step_leaves_one_champion_that_loads_and_no_half_row(
    few: None, tmp_path: Path
) -> None:
    keep = InputImage.objects.filter(is_training=False).order_by("id")[:5]
    InputImage.objects.filter(is_training=False).exclude(pk__in=keep.values("pk")).delete()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
        "DATABASE_URL": database_url(),
        "MODELS_DIR": str(tmp_path / "models"),
        "IMAGES_DIR": str(tmp_path / "images"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^(killed|lived) (\d+): (.*)$", done.stdout, re.MULTILINE)
    assert len(steps) > 60
    assert {problem for _, _, problem in steps} == {"none"}
