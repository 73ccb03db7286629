"""Sessions with hashed keys, which operators may see and end, and encrypted webhook secrets."""

import classifier.models.encryption
from classifier.models.encryption import encrypt
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import connection, migrations, models


ENCRYPTED = "gAAAA"  # the start of every Fernet token


def encrypt_secrets(apps, _schema_editor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, secret FROM webhooks")
        for pk, secret in cursor.fetchall():
            if not secret.startswith(ENCRYPTED):
                cursor.execute("UPDATE webhooks SET secret = %s WHERE id = %s", [encrypt(secret), pk])


def grant_sessions(apps, _schema_editor):
    config = apps.get_app_config("classifier")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth.Permission").objects.filter(codename="view_session")
    for group in apps.get_model("auth.Group").objects.filter(name="Operator"):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):

    dependencies = [
        ('classifier', '0003_roles'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='webhook',
            name='secret',
            field=classifier.models.encryption.EncryptedTextField(editable=False),
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('session_key', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('browser', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'sessions',
                'default_permissions': ('view', 'delete'),
            },
        ),
        migrations.RunPython(encrypt_secrets, migrations.RunPython.noop),
        migrations.RunPython(grant_sessions, migrations.RunPython.noop),
    ]
