"""Jobs that the worker does by itself."""

from procrastinate.contrib.django import app

from classifier import services


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_orphans")
def remove_orphans(timestamp: int) -> None:
    """A process that was killed between a file and its rows leaves a file that nobody can reach."""
    services.remove_orphans()
