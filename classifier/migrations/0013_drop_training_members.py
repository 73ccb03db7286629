from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0012_tokens_of_before"),
    ]

    operations = [
        migrations.DeleteModel(name="TrainingMember"),
    ]
