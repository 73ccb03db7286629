"""Tasks of the worker: scheduled clean-up, and jobs that requests enqueue."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from classifier.access import budgets, logins, sessions
from classifier.api import idempotency
from classifier.labelling import audits, verification
from classifier.monitoring import audit_log
from classifier.registry import erasures, input_drift, runs, shadow
from classifier.uploads import deletion, file_deletion, orphans, rescoring
from classifier.webhooks import deliveries

ATTEMPTS = 5
# Waits of 4 seconds, 16 seconds … 18 hours, a day in all. After that, `remove_orphans` takes over.
FILE_ATTEMPTS = 8

RETRIED_TASKS = (deliveries.TASK, rescoring.TASK, deletion.TASK, file_deletion.TASK)


def _schedule(name: str, cron: str, *functions: Callable[[], object], priority: int = 0) -> Any:
    """Make a task that calls functions at the times of `cron`; one job of it waits at most."""

    @app.periodic(cron=cron)
    @app.task(name=f"{__name__}.{name}", queueing_lock=name, priority=priority)
    def run(timestamp: int) -> None:
        for function in functions:
            function()

    return run


remove_orphans = _schedule("remove_orphans", "17 * * * *", orphans.remove_orphans)
delete_expired = _schedule("delete_expired", "37 * * * *", deletion.delete_expired)
seal_audit_log = _schedule("seal_audit_log", "* * * * * 13", audit_log.seal_entries)
purge_audit_log = _schedule("purge_audit_log", "53 3 * * *", audit_log.purge_expired)
purge_idempotency_records = _schedule(
    "purge_idempotency_records", "7 * * * *", idempotency.purge_expired
)
purge_logins = _schedule(
    "purge_logins", "47 * * * *", logins.purge_attempts, sessions.purge_expired
)
purge_budgets = _schedule("purge_budgets", "*/10 * * * *", budgets.purge_full)
purge_deliveries = _schedule("purge_deliveries", "57 * * * *", deliveries.purge_expired)
draw_audits = _schedule("draw_audits", "27 * * * *", audits.draw_audits, audits.check_promise)
verify_site = _schedule("verify_site", "33 2 * * *", verification.check_site, priority=-1)
# Trains without deleted images once FORGET_WITHIN_DAYS asks for it.
queue_forgetting = _schedule(
    "queue_forgetting", "3 * * * *", erasures.delete_remaining_plots, runs.queue_forgetting
)
check_input_drift = _schedule(
    "check_input_drift", "*/10 * * * *", input_drift.check_input_drift, priority=-1
)
fail_lost_runs = _schedule("fail_lost_runs", "* * * * * */20", runs.fail_lost_runs)


@app.periodic(cron="* * * * *")
@app.task(queue="rescoring", queueing_lock="read_in_shadow", priority=-1)
def read_in_shadow(timestamp: int) -> None:
    """Let the candidate read new uploads, and promote it if labels have decided for it."""
    while shadow.read_batch():
        pass
    if settings.AUTO_PROMOTE:
        shadow.promote_if_decided()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Retry or fail the jobs of workers that were killed.

    Trainings are not retried: their runs record how they ended.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        # A delivery counts its own attempts.
        has_attempts = job.task_name == deliveries.TASK or job.attempts < ATTEMPTS
        if job.task_name in RETRIED_TASKS and has_attempts:
            await manager.retry_job(job)
        else:
            await manager.finish_job(job, Status.FAILED, delete_job=False)


@app.task(queue="rescoring", retry=RetryStrategy(max_attempts=ATTEMPTS, linear_wait=5))
def rescore(model_id: int, first: str, last: str, images: int, request_id: str = "") -> None:
    """Read a range of images again; `images` is their approximate number, to show progress."""
    rescoring.rescore_range(model_id, UUID(first), UUID(last))


@app.task(retry=RetryStrategy(max_attempts=ATTEMPTS, linear_wait=5))
def delete_by_visitor(visitor: str, until: str, request_id: str = "") -> None:
    deletion.delete_remaining(UUID(visitor), datetime.fromisoformat(until))


@app.task(retry=RetryStrategy(max_attempts=FILE_ATTEMPTS, exponential_wait=4))
def delete_file(name: str, request_id: str = "") -> None:
    """Delete the file of a deleted upload. Raise NoStorage, and be retried, if that fails."""
    default_storage.delete(name)


# This retries after a failure of the database. After one of the receiver, a delivery does it.
@app.task(queue="webhooks", retry=RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=5))
def deliver(delivery_id: str, attempt: int, request_id: str = "") -> None:
    deliveries.attempt_delivery(UUID(delivery_id), attempt)
