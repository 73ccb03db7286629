"""The audit log, whose entries never change but for their place in the chain."""

import django.core.serializers.json
import django.utils.timezone
from django.db import migrations, models
from django.contrib.auth.management import create_permissions

REFUSE = """
CREATE FUNCTION refuse_audit_log_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.position IS NOT NULL OR to_jsonb(NEW) - ARRAY['position', 'previous', 'hash']
            <> to_jsonb(OLD) - ARRAY['position', 'previous', 'hash'] THEN
        RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_log_never_changes BEFORE UPDATE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_log_update();
"""
ALLOW = """
DROP TRIGGER audit_log_never_changes ON audit_log;
DROP FUNCTION refuse_audit_log_update();
"""


def grant_log(apps, _schema_editor):
    config = apps.get_app_config("classifier")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth.Permission").objects.filter(codename="view_auditentry")
    for group in apps.get_model("auth.Group").objects.filter(name="Operator"):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):

    dependencies = [
        ('classifier', '0004_sessions_and_secrets'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('user', models.CharField(blank=True, max_length=150, verbose_name='user')),
                ('via', models.CharField(help_text='a session, or the name of a token', max_length=120, verbose_name='via')),
                ('action', models.CharField(max_length=100, verbose_name='action')),
                ('target', models.CharField(blank=True, max_length=300, verbose_name='target')),
                ('status', models.PositiveSmallIntegerField(help_text='of the HTTP response', null=True, verbose_name='status')),
                ('details', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='details')),
                ('position', models.BigIntegerField(null=True, unique=True, verbose_name='position')),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(blank=True, max_length=64, verbose_name='hash')),
            ],
            options={
                'verbose_name': 'audit log entry',
                'verbose_name_plural': 'audit log entries',
                'db_table': 'audit_log',
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-at'], name='audit_log_newest'), models.Index(condition=models.Q(('position__isnull', True)), fields=['id'], name='audit_log_unsealed')],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunPython(grant_log, migrations.RunPython.noop),
    ]
