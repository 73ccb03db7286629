"""mkdocs calls this for each page: a marker becomes what the code says of itself."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
django.setup()

# Imported last: they need the settings.
from reference import api, commands, readme  # noqa: E402

GENERATED = {
    "<!-- operations -->": api.operations,
    "<!-- objects -->": api.objects,
    "<!-- commands -->": commands.all_of_them,
    "<!-- targets -->": commands.targets,
    "<!-- settings -->": readme.settings,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    for marker, generate in GENERATED.items():
        if marker in markdown:
            markdown = markdown.replace(marker, generate())
    return markdown
