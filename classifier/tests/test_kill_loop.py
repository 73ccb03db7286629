"""Shadow reading, promotion, audits, rollback and deletion, killed at any step."""

import re
import subprocess
import sys

import pytest
from django.conf import settings

from classifier.tests import workers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SCRIPT = "import django; django.setup(); from classifier.tests import kill_loop; kill_loop.main()"
SETTINGS = {
    "AUTO_PROMOTE": "1",
    "AUDIT_PER_DAY": "1000000",
    "ROLLBACK_WITHIN_DAYS": "7",
    "FORGET_WITHIN_DAYS": "1",
}


def test_kill_at_any_step_leaves_no_half_state_and_the_next_jobs_finish() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=workers.build_environment() | SETTINGS,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^(killed|lived) (\d+): (.*)$", done.stdout, re.MULTILINE)
    assert len(steps) > 60
    assert {problems for *_, problems in steps} == {"none"}
