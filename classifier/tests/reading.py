"""A page as a person reads it."""

import re
from html import unescape

from django.db.models import Model
from django.test import Client


def words(client: Client, address: str) -> str:
    """What a person reads, in one line."""
    html = client.get(address).content.decode()
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def page_of(row: Model, action: str = "change") -> str:
    """Return the address of a row's page in the admin."""
    return f"/admin/classifier/{row._meta.model_name}/{row.pk}/{action}/"
