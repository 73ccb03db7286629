"""Runs each training in a process of its own, which returns its memory when it ends."""

import asyncio
import contextlib
import sys

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app

from classifier.models import RunState
from classifier.monitoring.request_id import get_process_environment
from classifier.registry import runs

CRASHED = gettext_noop("The training process ended with code %(code)s. Start the training again.")


@app.task(queue="training")
async def train(run_id: int, request_id: str = "") -> None:
    """Run a queued training. The process records its own outcome unless it crashes."""
    if not await sync_to_async(runs.claim_run)(run_id):
        return
    code = await _run_command("train", "--run", str(run_id))
    if code:
        error = CRASHED % {"code": code}
        await sync_to_async(runs.finish_run)(run_id, RunState.FAILED, error=error)


async def _run_command(*arguments: str) -> int:
    """Run a management command and return its exit code; terminate it if the job is cancelled."""
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
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        raise
