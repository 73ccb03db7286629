"""The table of rate limits, whose rows need no log: after a crash they may be lost."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0003_roles")]
    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                (
                    "key",
                    models.BigIntegerField(
                        help_text="a keyed hash: no address is stored",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("full_at", models.DateTimeField(help_text="when nothing is used up any more")),
            ],
            options={"db_table": "budgets", "default_permissions": ()},
        ),
        # Room on each page lets updates of a row stay on it, without a new entry in the index.
        migrations.RunSQL(
            "ALTER TABLE budgets SET UNLOGGED, SET (fillfactor = 50)",
            migrations.RunSQL.noop,
        ),
    ]
