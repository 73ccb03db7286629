"""Jobs that the worker does by itself."""

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from classifier.services import runs, uploads


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_orphans")
def remove_orphans(timestamp: int) -> None:
    """A process that was killed between a file and its rows leaves a file that nobody can reach."""
    uploads.remove_orphans()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="settle_runs")
def settle_runs(timestamp: int) -> None:
    """A process that was killed could not say that its run has ended."""
    runs.settle()


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="settle_jobs", pass_context=True)
async def settle_jobs(context: JobContext, timestamp: int) -> None:
    """Nor could a worker that was killed say that its jobs have; their runs say how they ended."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.finish_job(job, Status.FAILED, delete_job=False)
