"""Training, promotion and rollback in a process that is killed at any step."""

import re
import subprocess
import sys

import pytest
from django.conf import settings

from classifier.models import InputImage
from classifier.tests import workers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


SCRIPT = """
import django; django.setup()
from training import import_tensorflow; import_tensorflow()
from training.tests import kill_everywhere; kill_everywhere.main()
"""


def test_kill_at_any_step_leaves_one_champion_and_complete_rows(few: None) -> None:
    five = InputImage.objects.filter(is_training=False).order_by("id")[:5]
    InputImage.objects.filter(is_training=False).exclude(pk__in=five.values("pk")).delete()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=workers.build_environment(),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^(killed|lived) (\d+): (.*)$", done.stdout, re.MULTILINE)
    assert len(steps) > 45
    assert {problem for _, _, problem in steps} == {"none"}
    assert "oneDNN" not in done.stderr, "TensorFlow's lines are not filtered"
