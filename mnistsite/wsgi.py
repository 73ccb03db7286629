"""What gunicorn serves."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from mnistsite import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
if not env.secret("SECRET_KEY"):
    raise ImproperlyConfigured(
        "SECRET_KEY is not set; set it, or SECRET_KEY_FILE, to a long random string."
    )

application = get_wsgi_application()
