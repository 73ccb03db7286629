"""The WSGI application."""

import gc
import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from mnistsite import env
from mnistsite.middleware.charsets import drop_unsupported_charsets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
if not env.secret("SECRET_KEY"):
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it, or SECRET_KEY_FILE, to a long random string."
    )

application = drop_unsupported_charsets(get_wsgi_application())
# Everything is imported now. Without the freeze, collections would delay one request in twenty by a
# tenth of a second.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
gc.set_threshold(7_000, 10, 10)
