"""Measurements whose results the documentation quotes.

Run one in the project's folder: `.venv/bin/python -m benchmarks.NAME`. It may need programs or data
that `--help` names.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
