"""What surrounds every job in the worker."""

from typing import TYPE_CHECKING, Any

from classifier.monitoring import request_id

if TYPE_CHECKING:
    from procrastinate import JobContext
    from procrastinate.middleware import AsyncCallNext
    from procrastinate.worker import Worker


async def with_request_id(
    call_next: "AsyncCallNext", context: "JobContext", _worker: "Worker"
) -> Any:
    """Its lines in the log carry the id of the request that asked for it."""
    request_id.bind(context.job.task_kwargs.get(request_id.ARGUMENT))
    return await call_next()
