"""Triggers that refuse updates of predictions, label changes, promotions and the audit log.

An entry of the audit log gets its place in the chain once.
"""

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
DROP TRIGGER promotions_never_change ON promotions;
DROP TRIGGER label_changes_never_change ON label_changes;
DROP TRIGGER predictions_never_change ON predictions;
DROP FUNCTION refuse_update();
"""


class Migration(migrations.Migration):
    dependencies = [("classifier", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
