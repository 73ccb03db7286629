"""Run Python in a process of its own, with the project's code."""

import os
import subprocess
import sys
from collections.abc import Mapping

from django.conf import settings


def run_python(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder; by default, it inherits this process's environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ if environment is None else environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
