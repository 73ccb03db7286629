"""Files of the test's storage."""

from pathlib import Path

from pytest_django.fixtures import Settings


def list_stored_files(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT, "uploads").rglob("*") if path.is_file()]
