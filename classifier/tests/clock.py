from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest


@contextmanager
def freeze_time(at: datetime) -> Iterator[None]:
    """Set Django's clock, for rows whose times can't be changed later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: at)
        yield
