"""The tokens of rest_framework.authtoken become API tokens with all scopes, by their hashes.

Its table goes: it held them in plain, and would keep their users from being deleted.
"""

from django.db import migrations

TAKE_OVER = """
DO $$
BEGIN
    IF to_regclass('authtoken_token') IS NOT NULL THEN
        INSERT INTO api_tokens (name, user_id, scopes, sha256, start, created_at)
        SELECT
            'earlier token',
            user_id,
            ARRAY['read', 'label', 'export', 'import', 'delete', 'train', 'promote'],
            encode(sha256(convert_to(key, 'UTF8')), 'hex'),
            left(key, 8),
            created
        FROM authtoken_token;
        SET CONSTRAINTS ALL IMMEDIATE;
        DROP TABLE authtoken_token;
    END IF;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("classifier", "0011_tokens_visitors_and_webhooks")]

    operations = [migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop)]
