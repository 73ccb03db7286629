"""The contact for people who find a vulnerability."""

from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

ADDRESS = "/.well-known/security.txt"


def test_contact_is_shown_with_an_expiry_within_a_year(client: Client, settings: Settings) -> None:
    settings.SECURITY_CONTACT = "mailto:security@digits.example"
    response = client.get(ADDRESS)
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:security@digits.example"
    left = datetime.fromisoformat(fields["Expires"]) - timezone.now()
    assert timedelta(days=30) < left < timedelta(days=365)


def test_file_is_missing_without_a_contact(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 404
