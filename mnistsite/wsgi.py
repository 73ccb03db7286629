"""What gunicorn serves."""

import gc
import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from mnistsite import env
from mnistsite.middleware.charsets import ignoring_other_charsets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
if not env.secret("SECRET_KEY"):
    raise ImproperlyConfigured(
        "SECRET_KEY is not set; set it, or SECRET_KEY_FILE, to a long random string."
    )

application = ignoring_other_charsets(get_wsgi_application())
# All of it is imported now and stays; walking it again in each collection, and collecting as often
# as Python does by itself, would make one request in twenty wait for a tenth of a second.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
gc.set_threshold(7_000, 10, 10)
