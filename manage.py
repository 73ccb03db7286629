#!/usr/bin/env python
"""Run the commands that `python manage.py help` lists."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from mnistsite.database import server


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    server.wait_at_start()
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(str(error))


if __name__ == "__main__":
    main()
