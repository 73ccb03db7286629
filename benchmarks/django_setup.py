"""Sets Django up for the modules of the site, which are imported after this one."""

import os

import django

os.environ.setdefault("SECRET_KEY", "signs nothing here")
django.setup()
