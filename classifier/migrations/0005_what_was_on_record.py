"""Takes over promotions, what waits for a label, and runs that never said how they ended."""

from typing import ClassVar

from django.db import migrations

TAKE_OVER = """
INSERT INTO promotions (model_id, via, reason, at)
    SELECT id, 'command', '', promoted_at FROM model_versions
    WHERE promoted_at IS NOT NULL ORDER BY promoted_at;
INSERT INTO label_queue
    (image_id, waiting, guess, doubt, embedding, duplicate, suggestion, skipped_by, created_at)
    SELECT DISTINCT ON (image.id) image.id, image.label = 'unknown',
        CASE said.verdict WHEN 'not_a_digit' THEN said.verdict ELSE said.best_guess END,
        ((said.verdict = 'unsure')::int + 1 - said.confidence) / 2, '', false, '', '{}',
        image.created_at
    FROM input_data image JOIN predictions said ON said.image_id = image.id
    WHERE image.upload_id IS NOT NULL ORDER BY image.id, said.id DESC;
UPDATE training_runs SET state = 'failed', finished_at = now(),
    error = 'It ended without saying how.' WHERE state = 'running';
UPDATE model_versions SET snapshot = jsonb_set(
    snapshot, '{corrected}', COALESCE(
        (SELECT jsonb_object_agg(learnt.image, '')
            FROM jsonb_array_elements_text(snapshot->'corrected') AS learnt (image)),
        '{}'
    )) WHERE jsonb_typeof(snapshot->'corrected') = 'array';
SET CONSTRAINTS ALL IMMEDIATE;
CREATE TRIGGER promotions_never_change BEFORE UPDATE ON promotions
    FOR EACH ROW EXECUTE FUNCTION refuse_update();
"""
FORGET = "DROP TRIGGER promotions_never_change ON promotions;"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("classifier", "0004_label_queue_promotions_and_jobs")]
    operations: ClassVar = [migrations.RunSQL(TAKE_OVER, FORGET)]
