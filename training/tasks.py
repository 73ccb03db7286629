"""The worker's side of training: each run is a process of its own, which keeps its memory apart."""

import asyncio
import contextlib
import sys

from asgiref.sync import sync_to_async
from django.conf import settings
from procrastinate.contrib.django import app

from classifier.models import RunState
from classifier.monitoring.request_id import get_process_environment
from classifier.registry import runs


@app.task(queue="training")
async def train(run_id: int, request_id: str = "") -> None:
    """How it went is in the run's row; a process that could not say so is spoken for."""
    if not await sync_to_async(runs.claim)(run_id):
        return
    code = await _exit_code("train", "--run", str(run_id))
    if code:
        error = f"The training process ended with code {code}. Start the training again."
        await sync_to_async(runs.finish)(run_id, RunState.FAILED, error=error)


async def _exit_code(*arguments: str) -> int:
    """Of a command in a process of its own, which does not outlive the job."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "manage.py",
        *arguments,
        cwd=settings.BASE_DIR,
        env=get_process_environment(),
    )
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _stop(process)
        raise


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()
