"""The worker's health check: whether a worker on this machine has used the database lately."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from classifier import jobs


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    try:
        alive = jobs.is_alive(on_this_machine=True)
    except (Error, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    silent = "No worker on this machine has used the database for 30 seconds."
    sys.stdout.write("alive\n" if alive else f"{silent}\n")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main())
