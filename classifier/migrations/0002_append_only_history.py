"""Triggers that refuse updates of predictions, label changes and promotions."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER predictions_never_change BEFORE UPDATE ON predictions
    FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER label_changes_never_change BEFORE UPDATE ON label_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_update();
CREATE TRIGGER promotions_never_change BEFORE UPDATE ON promotions
    FOR EACH ROW EXECUTE FUNCTION refuse_update();
"""
ALLOW = """
DROP TRIGGER promotions_never_change ON promotions;
DROP TRIGGER label_changes_never_change ON label_changes;
DROP TRIGGER predictions_never_change ON predictions;
DROP FUNCTION refuse_update();
"""


class Migration(migrations.Migration):
    dependencies = [("classifier", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
