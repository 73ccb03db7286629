"""The worker's health check: succeeds if a worker on this machine used the database lately."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from classifier.monitoring import workers


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    try:
        if workers.is_worker_alive(on_this_machine=True):
            sys.stdout.write("alive\n")
            return 0
        sys.stdout.write("No worker on this machine has used the database for 30 seconds.\n")
    except (Error, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
