"""A worker whose clock is wrong deletes nothing that is being stored."""

import pytest

from mnistsite.tests.faults.site import LoadedSite

WORK = """
import time
from datetime import timedelta
from django.utils import timezone
until = time.monotonic() + {seconds}
real_time = time.time
time.time = lambda: real_time() + {offset}
real_now = timezone.now
timezone.now = lambda: real_now() + timedelta(seconds={offset})
from classifier import tasks
from classifier.uploads import orphans
orphans.SETTLE_S = 1
while time.monotonic() < until:
    for task in (tasks.remove_orphans, tasks.delete_expired, tasks.purge_logins,
                 tasks.purge_idempotency_records, tasks.purge_deliveries, tasks.fail_lost_runs):
        task.func(0)
"""
TWO_HOURS_S = 7200
WORKED_S = 5


@pytest.mark.parametrize(("name", "offset"), [("fast", TWO_HOURS_S), ("slow", -TWO_HOURS_S)])
def test_wrong_clock_loses_nothing(site: LoadedSite, name: str, offset: int) -> None:
    command = WORK.format(seconds=WORKED_S, offset=offset)

    def work() -> None:
        completed = site.stack.run("manage.py", "shell", "--command", command)
        assert completed.returncode == 0, completed.stderr

    site.cause_fault(f"clock of the jobs 2 h {name}", 3, work)
