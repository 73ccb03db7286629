import importlib

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client

from classifier.models import ModelVersion
from classifier.tests import factories

pytestmark = pytest.mark.django_db

migration = importlib.import_module("classifier.migrations.0003_roles")

APP = "/admin/classifier/"
# The lists that each role sees, and the requests that change something.
PAGES = {
    "Labeller": {"inputimage", "queue", "grid"},
    "Trainer": {"inputimage", "trainingrun", "modelversion", "timeline"},
    "Operator": {
        *("inputimage", "upload", "trainingrun", "modelversion", "timeline"),
        *("apitoken", "webhook", "delivery", "user", "procrastinatejob", "auditentry"),
    },
}
ADDRESSES = {
    "inputimage": f"{APP}inputimage/",
    "queue": f"{APP}inputimage/queue/",
    "grid": f"{APP}inputimage/grid/",
    "upload": f"{APP}upload/",
    "trainingrun": f"{APP}trainingrun/",
    "modelversion": f"{APP}modelversion/",
    "timeline": f"{APP}modelversion/timeline/",
    "auditentry": f"{APP}auditentry/",
    "apitoken": f"{APP}apitoken/",
    "webhook": f"{APP}webhook/",
    "delivery": f"{APP}delivery/",
    "user": "/admin/auth/user/",
    "group": "/admin/auth/group/",
    "procrastinatejob": "/admin/procrastinate/procrastinatejob/",
}
CHANGES = {"Labeller": {"label"}, "Trainer": {"train", "promote", "roll back"}, "Operator": set()}


@pytest.fixture(params=[*PAGES])
def role(request: pytest.FixtureRequest, client: Client) -> str:
    """A role, as which the client is logged in."""
    client.force_login(request.getfixturevalue(request.param.lower()))
    return str(request.param)


def test_role_sees_its_lists_only(client: Client, role: str) -> None:
    seen = {name for name, address in ADDRESSES.items() if client.get(address).status_code == 200}

    assert seen == PAGES[role]


def test_role_may_make_only_its_changes(client: Client, role: str, champion: ModelVersion) -> None:
    image = factories.create_queue_item().image
    requests = {
        "label": (f"{APP}inputimage/queue/answer", {"image": str(image.pk), "answer": "7"}),
        "train": (f"{APP}trainingrun/start/", {"how": "scratch"}),
        "promote": (f"{APP}modelversion/{champion.pk}/promote/", {}),
        "roll back": (f"{APP}modelversion/rollback/", {}),
    }

    done = {
        name for name, (to, data) in requests.items() if client.post(to, data).status_code < 400
    }

    assert done == CHANGES[role]


@pytest.mark.parametrize(
    ("name", "status"), [("labeller", 403), ("trainer", 403), ("operator", 200)]
)
def test_deletion_of_uploads_is_for_operators(
    client: Client, name: str, status: int, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(name))
    upload = factories.create_upload()

    assert client.get(f"{APP}upload/{upload.pk}/delete/").status_code == status


def test_operator_creates_labellers_but_no_superusers(client: Client, operator: User) -> None:
    client.force_login(operator)
    password = {
        "password1": "a-long-word-7",
        "password2": "a-long-word-7",
        "usable_password": "true",
    }
    client.post("/admin/auth/user/add/", {"username": "anna", **password})
    anna = User.objects.get(username="anna")
    role = Group.objects.get(name="Labeller")
    data = {"username": "anna", "is_active": "on", "is_staff": "on", "groups": role.pk}

    response = client.post(f"/admin/auth/user/{anna.pk}/change/", data | {"is_superuser": "on"})

    assert response.status_code == 302
    anna.refresh_from_db()
    assert (anna.is_staff, anna.is_superuser) == (True, False)
    assert anna.has_perm("classifier.label_inputimage")


def test_operator_cannot_change_superusers(
    client: Client, operator: User, admin_user: User
) -> None:
    client.force_login(operator)
    account = f"/admin/auth/user/{admin_user.pk}"

    assert client.post(f"{account}/change/", {"username": "mine"}).status_code == 403
    assert client.post(f"{account}/password/", {"password1": "x"}).status_code == 403
    admin_user.refresh_from_db()
    assert admin_user.username == "admin"


def test_role_has_no_permission_beyond_its_list() -> None:
    later = {"Operator": {"view_session", "view_auditentry"}}
    for name, codenames in migration.ROLES.items():
        role = Group.objects.get(name=name)
        assert {*role.permissions.values_list("codename", flat=True)} == {
            *codenames,
            *later.get(name, ()),
        }


def test_migration_creates_roles_once_and_deletes_them() -> None:
    Group.objects.get(name="Trainer").delete()

    for _ in range(2):
        migration.create_roles(apps, None)
    assert Group.objects.filter(name__in=migration.ROLES).count() == 3
    migration.delete_roles(apps, None)

    assert not Group.objects.exists()
