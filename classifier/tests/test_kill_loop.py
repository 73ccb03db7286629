"""Shadow reading, promotion, audits, rollback and deletion, killed at any step."""

import pytest

from classifier.tests import killing

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SCRIPT = "import django; django.setup(); from classifier.tests import kill_loop; kill_loop.main()"
SETTINGS = {
    "AUTO_PROMOTE": "1",
    "AUDIT_PER_DAY": "1000000",
    "ROLLBACK_WITHIN_DAYS": "7",
    "FORGET_WITHIN_DAYS": "1",
}


def test_kill_at_any_step_leaves_no_half_state_and_the_next_jobs_finish() -> None:
    problems, _ = killing.run_script(SCRIPT, SETTINGS)
    assert len(problems) > 60
    assert {*problems} == {"none"}
