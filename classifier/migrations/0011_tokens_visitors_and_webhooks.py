"""Tokens with scopes, kept answers, webhooks, and which browser sent an upload."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import classifier.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0010_training_members"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="what uses it", max_length=100)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("read", "read"),
                                ("label", "label"),
                                ("export", "export"),
                                ("import", "import"),
                                ("delete", "delete"),
                                ("train", "train"),
                                ("promote", "promote"),
                            ],
                            max_length=12,
                        ),
                        size=None,
                    ),
                ),
                ("sha256", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "start",
                    models.CharField(
                        editable=False,
                        help_text="the first characters, to tell it by",
                        max_length=8,
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="empty: never", null=True),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(editable=False, help_text="to the hour", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "API token",
                "db_table": "api_tokens",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("upload.unsure", "upload.unsure"),
                            ("label.created", "label.created"),
                            ("model.promoted", "model.promoted"),
                        ],
                        max_length=20,
                    ),
                ),
                ("payload", models.JSONField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "status",
                    models.PositiveSmallIntegerField(help_text="of the newest answer", null=True),
                ),
                ("error", models.TextField(blank=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "db_table": "webhook_deliveries",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("sha256", models.CharField(help_text="of the request", max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("content", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "db_table": "kept_answers",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        help_text="told by a POST; a receiver of one's own network will do",
                        max_length=500,
                        verbose_name="URL",
                    ),
                ),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("upload.unsure", "upload.unsure"),
                                ("label.created", "label.created"),
                                ("model.promoted", "model.promoted"),
                            ],
                            max_length=20,
                        ),
                        size=None,
                    ),
                ),
                ("secret", models.CharField(editable=False, max_length=64)),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "webhooks",
            },
        ),
        migrations.AddField(
            model_name="upload",
            name="visitor",
            field=models.UUIDField(
                editable=False, help_text="the browser that sent it, by its cookie", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("visitor__isnull", False)),
                fields=["visitor", "-created_at", "-id"],
                name="uploads_of_visitor",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("events__contained_by", ["upload.unsure", "label.created", "model.promoted"]),
                    models.Q(
                        django.db.models.lookups.Exact(
                            classifier.constraints.ArrayLength("events"), 0
                        ),
                        _negated=True,
                    ),
                ),
                name="webhooks_events_are_known",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="webhook",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="classifier.webhook",
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "scopes__contained_by",
                        ["read", "label", "export", "import", "delete", "train", "promote"],
                    ),
                    models.Q(
                        django.db.models.lookups.Exact(
                            classifier.constraints.ArrayLength("scopes"), 0
                        ),
                        _negated=True,
                    ),
                ),
                name="api_tokens_scopes_are_known",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["-created_at"], name="webhook_deliveries_newest"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("event__in", ["upload.unsure", "label.created", "model.promoted"])
                ),
                name="webhook_deliveries_event_is_known",
            ),
        ),
    ]
