"""Start the supervisor of a site on one machine with the environment that libraries expect."""

import os
import sys
from pathlib import Path

from mnistsite import env

VAR_DIR = env.path("VAR_DIR", Path(__file__).resolve().parents[2] / "var")
METRICS = VAR_DIR / "metrics"
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
    "PROMETHEUS_MULTIPROC_DIR": str(METRICS),
    # One heap per thread costs 20 MB per process, and numpy's threads compete for two cores.
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Otherwise macOS ends forked processes that use its frameworks.
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
}

if __name__ == "__main__":
    command = [sys.executable, "-m", "mnistsite.entrypoints.supervisor"]
    os.execve(sys.executable, command, ENVIRONMENT | os.environ)  # noqa: S606  # nosec B606
