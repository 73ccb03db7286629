"""Reading a page as its visitor does."""

import re
from html import unescape

from django.db.models import Model
from django.test import Client


def read_text(client: Client, address: str) -> str:
    """Return the page's visible text as one line."""
    html = client.get(address).text
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def get_admin_url(row: Model, action: str = "change") -> str:
    return f"/admin/classifier/{row._meta.model_name}/{row.pk}/{action}/"
