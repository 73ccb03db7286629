"""Work in threads that have their own database connections."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

Result = TypeVar("Result")


def run_in_thread(work: Callable[..., Result], *arguments: Any) -> Result:
    try:
        return work(*arguments)
    finally:
        connection.close()
