"""Settings of the database."""

from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from mnistsite import env


def configure_database() -> dict[str, Any]:
    """Return the server in DATABASE_URL or, without a host, the embedded one."""
    url = env.secret("DATABASE_URL")
    if not url:
        return {"ENGINE": "mnistsite.database", "NAME": "postgres", "USER": "postgres"}
    try:
        config = dict(dj_database_url.parse(url, engine="mnistsite.database"))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL can't be read: {error}") from error
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    if password := env.secret("DATABASE_PASSWORD"):
        config["PASSWORD"] = password
    return config
