"""Import the Python client, which is outside the packages."""

import sys

from django.conf import settings

sys.path.append(str(settings.BASE_DIR / "clients/python"))
from mnistsite_client import ApiError, AsyncClient, Client

__all__ = ["ApiError", "AsyncClient", "Client"]
