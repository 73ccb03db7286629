"""Actions and views of staff are in the audit log."""

from itertools import chain

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLResolver, get_resolver

from classifier.models import AuditEntry, InputImage, Upload
from classifier.recognition.labels import Scope
from classifier.tests import factories
from mnistsite.middleware.audit_actions import CHANGES, IGNORED, VIEWS

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload() -> Upload:
    upload = factories.create_image().upload
    assert upload
    return upload


def list_entries() -> list[tuple[str, str, str, str, int | None]]:
    rows = AuditEntry.objects.order_by("pk")
    return [*rows.values_list("user", "via", "action", "target", "status")]


def test_logins_and_their_failures_are_recorded_with_the_address(labeller: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1")
    for name, password in (
        ("labeller", "wrong"),
        ("stranger", "my password"),
        ("labeller", "labels all day"),
    ):
        client.post("/admin/login/", {"username": name, "password": password})
    client.post("/admin/logout/")

    assert [entry[:3] for entry in list_entries()] == [
        ("labeller", "session", "fail_login"),
        ("labeller", "session", "log_in"),
        ("labeller", "session", "log_out"),
    ]
    assert AuditEntry.objects.earliest("pk").details == {"address": "192.0.2.1"}


def test_changes_of_staff_are_recorded_without_secrets(client: Client, operator: User) -> None:
    client.force_login(operator)
    form = {"name": "robot", "user": operator.pk, "scopes": ["read"], "password": "secret"}
    client.post("/admin/classifier/apitoken/add/", form)

    entry = AuditEntry.objects.latest("pk")
    assert (entry.user, entry.action) == ("operator", "create_token")
    assert entry.details == {"name": ["robot"], "scopes": ["read"]}


def test_archive_that_claims_to_be_a_form_is_recorded(client: Client, labeller: User) -> None:
    client.force_login(labeller)
    media_type = "application/x-www-form-urlencoded"  # as curl sends any file
    response = client.generic("POST", "/api/labels/import", b"name=archive", media_type)

    assert response.json()["code"] == "not_an_archive"
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.status, entry.details) == ("import_labels", 400, {})


def test_views_of_uploads_are_recorded(client: Client, operator: User, upload: Upload) -> None:
    client.force_login(operator)
    AuditEntry.objects.all().delete()
    client.get(f"/admin/classifier/upload/{upload.pk}/change/")
    client.get(f"/result/{upload.pk}")
    client.get("/admin/classifier/modelversion/")

    assert list_entries() == [
        ("operator", "session", "view_upload", str(upload.pk), 200),
        ("operator", "session", "view_upload", str(upload.pk), 200),
    ]


def test_program_is_recorded_with_the_name_of_its_token(labeller: User) -> None:
    image = factories.create_image()
    headers = factories.create_token_header(labeller, Scope.LABEL, Scope.READ)
    client = Client(headers=headers)
    client.patch(f"/api/images/{image.pk}", {"label": "7"}, content_type="application/json")

    [(user, via, action, target, status)] = list_entries()
    assert (user, action, target, status) == ("labeller", "label_image", str(image.pk), 200)
    assert via.startswith("token ")
    assert InputImage.objects.get().label == "7"


def test_refused_actions_are_recorded(labeller_client: Client, upload: Upload) -> None:
    AuditEntry.objects.all().delete()
    labeller_client.post(f"/admin/classifier/upload/{upload.pk}/delete/", {"post": "yes"})

    assert list_entries() == [("labeller", "session", "delete_upload", str(upload.pk), 403)]


def test_every_recorded_route_exists() -> None:
    names = {*VIEWS, *IGNORED - {"unknown"}, *chain.from_iterable(CHANGES.values())}
    assert names - list_routes(get_resolver()) == set()


def list_routes(resolver: URLResolver, prefix: str = "") -> set[str]:
    routes = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            routes |= list_routes(pattern, prefix + namespace)
        else:
            routes.add(f"{prefix}{pattern.name}")
    return routes


def test_visitors_are_not_recorded(client: Client, upload: Upload) -> None:
    client.get(f"/result/{upload.pk}")
    client.post("/language", {"language": "de"})

    assert list_entries() == []


def test_operators_alone_read_the_log(
    client: Client, operator: User, labeller_client: Client
) -> None:
    page = "/admin/classifier/auditentry/"
    assert labeller_client.get(page).status_code == 403
    client.force_login(operator)
    text = client.get(f"{page}?user=labeller&action=log_in").text
    assert "labeller" in text
    assert "log in" in text
