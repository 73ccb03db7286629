"""Tasks of the worker: scheduled clean-up, and jobs that requests enqueue."""

from datetime import datetime
from uuid import UUID

from axes.models import AccessAttempt
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from classifier.access import sessions
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


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_orphans")
def remove_orphans(timestamp: int) -> None:
    orphans.remove_orphans()


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="delete_expired")
def delete_expired(timestamp: int) -> None:
    deletion.delete_expired()


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="purge_logins")
def purge_logins(timestamp: int) -> None:
    """Delete the failed logins that lock nobody out any more, and expired sessions."""
    limit = timezone.now() - settings.AXES_COOLOFF_TIME
    AccessAttempt.objects.filter(attempt_time__lt=limit).delete()
    sessions.purge_expired()


@app.periodic(cron="* * * * * 13")
@app.task(queueing_lock="seal_audit_log")
def seal_audit_log(timestamp: int) -> None:
    """Append the new entries of the audit log to its chain of hashes."""
    audit_log.seal_entries()


@app.periodic(cron="53 3 * * *")
@app.task(queueing_lock="purge_audit_log")
def purge_audit_log(timestamp: int) -> None:
    audit_log.purge_expired()


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="purge_idempotency_records")
def purge_idempotency_records(timestamp: int) -> None:
    idempotency.purge_expired()


@app.periodic(cron="57 * * * *")
@app.task(queueing_lock="purge_deliveries")
def purge_deliveries(timestamp: int) -> None:
    deliveries.purge_expired()


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="draw_audits")
def draw_audits(timestamp: int) -> None:
    """Draw answers to be audited, and compare those that have a label with the promise."""
    audits.draw_audits()
    audits.check_promise()


@app.periodic(cron="33 2 * * *")
@app.task(queueing_lock="verify_site", priority=-1)
def verify_site(timestamp: int) -> None:
    """Verify what is stored, each night."""
    verification.check_site()


@app.periodic(cron="3 * * * *")
@app.task(queueing_lock="queue_forgetting")
def queue_forgetting(timestamp: int) -> None:
    """Train without deleted images once FORGET_WITHIN_DAYS asks for it."""
    erasures.delete_remaining_plots()
    runs.queue_forgetting()


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="check_input_drift", priority=-1)
def check_input_drift(timestamp: int) -> None:
    """Compare what people send with what they sent before."""
    input_drift.check_input_drift()


@app.periodic(cron="* * * * *")
@app.task(queue="rescoring", queueing_lock="read_in_shadow", priority=-1)
def read_in_shadow(timestamp: int) -> None:
    """Let the candidate read what arrived, and promote it if that has been decided."""
    while shadow.read_batch():
        pass
    if settings.AUTO_PROMOTE:
        shadow.promote_if_decided()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="fail_lost_runs")
def fail_lost_runs(timestamp: int) -> None:
    runs.fail_lost_runs()


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
    deliveries.deliver(UUID(delivery_id), attempt)
