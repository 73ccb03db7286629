"""Names that people choose are shown as text, whatever they contain."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import ApiToken
from classifier.recognition.labels import Scope

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/apitoken/"


def name_token(admin_client: Client, name: str) -> str:
    """Return the page that shows a token with this name."""
    user = User.objects.get(username="admin")
    ApiToken.objects.create(name=name, user=user, scopes=[Scope.READ], sha256="0" * 64)
    return admin_client.get(LIST).text


def test_markup_in_a_name_is_shown_as_text(admin_client: Client) -> None:
    page = name_token(admin_client, "<script>alert(1)</script>\" onload='x'")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#x27;x&#x27;" in page
    assert "<script>alert" not in page


def test_template_code_in_a_name_is_shown_as_text(admin_client: Client) -> None:
    assert "{{ 7|add:7 }}{% now 'Y' %}" in name_token(
        admin_client, "{{ 7|add:7 }}{% now 'Y' %}"
    ).replace("&#x27;", "'")


def test_markup_in_an_error_is_json(admin_client: Client) -> None:
    response = admin_client.get("/api/images", {"<script>": '"'})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "'<script>'" in response.json()["detail"]
