"""Jobs that the worker does by itself."""

from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from classifier.services import deletion, logins, orphans, rescoring, runs

ATTEMPTS = 5


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_orphans")
def remove_orphans(timestamp: int) -> None:
    """A process that was killed between a file and its rows leaves a file that nobody can reach."""
    orphans.remove_orphans()


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="delete_expired")
def delete_expired(timestamp: int) -> None:
    """RETENTION_DAYS is how long an upload may be kept."""
    deletion.delete_expired()


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="forget_logins")
def forget_logins(timestamp: int) -> None:
    """Axes forgets them only when somebody else fails to log in."""
    logins.forget()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="settle_runs")
def settle_runs(timestamp: int) -> None:
    """A process that was killed could not say that its run has ended."""
    runs.settle()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="settle_jobs", pass_context=True)
async def settle_jobs(context: JobContext, timestamp: int) -> None:
    """Nor could a worker that was killed say that its jobs have; their runs say how they ended.

    Reading images again is gone on with.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.task_name == rescoring.TASK and job.attempts < ATTEMPTS:
            await manager.retry_job(job)
        else:
            await manager.finish_job(job, Status.FAILED, delete_job=False)


@app.task(queue="rescoring", retry=RetryStrategy(max_attempts=ATTEMPTS, linear_wait=5))
def rescore(model_id: int, first: str, last: str, images: int) -> None:
    """`images` is about how many there are, for who asks how far it is."""
    rescoring.read(model_id, UUID(first), UUID(last))
