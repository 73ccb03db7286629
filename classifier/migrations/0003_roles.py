"""The groups Labeller, Trainer and Operator, which superusers may change afterwards."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = {
    "Labeller": ["view_inputimage", "label_inputimage"],
    "Trainer": [
        "view_inputimage",
        "view_trainingrun",
        "start_trainingrun",
        "view_modelversion",
        "promote_modelversion",
    ],
    "Operator": [
        "view_inputimage",
        "view_trainingrun",
        "view_modelversion",
        "view_upload", "delete_upload",
        "view_apitoken", "add_apitoken", "delete_apitoken",
        "view_webhook", "add_webhook", "change_webhook", "delete_webhook",
        "view_delivery",
        "view_procrastinatejob",
        "view_user", "add_user", "change_user",
        "view_session",
        "view_auditentry",
    ],
}


def create_roles(apps: Any, _schema_editor: Any) -> None:
    _create_permissions(apps)
    group_model, permission_model = apps.get_model("auth.Group"), apps.get_model("auth.Permission")
    for name, codenames in ROLES.items():
        group, _ = group_model.objects.get_or_create(name=name)
        group.permissions.add(*permission_model.objects.filter(codename__in=codenames))


def _create_permissions(apps: Any) -> None:
    """Create the permissions now; Django creates them only after the last migration."""
    for label in ("auth", "classifier", "procrastinate"):
        app = apps.get_app_config(label)
        app.models_module = True
        create_permissions(app, apps=apps, verbosity=0)
        app.models_module = None


def delete_roles(apps: Any, _schema_editor: Any) -> None:
    apps.get_model("auth.Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("classifier", "0002_append_only_history"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [migrations.RunPython(create_roles, delete_roles)]
