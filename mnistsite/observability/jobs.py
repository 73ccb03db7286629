"""Middleware of the worker's jobs."""

from typing import TYPE_CHECKING, Any

from classifier.monitoring import request_id

if TYPE_CHECKING:
    from procrastinate import JobContext
    from procrastinate.middleware import AsyncCallNext
    from procrastinate.worker import Worker


async def bind_request_id(
    call_next: "AsyncCallNext", context: "JobContext", _worker: "Worker"
) -> Any:
    """Log a job with the id of the request that queued it."""
    request_id.bind(context.job.task_kwargs.get(request_id.ARGUMENT))
    return await call_next()
