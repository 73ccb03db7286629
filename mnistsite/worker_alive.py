"""Whether the worker in this container works: it has spoken to the database within a minute."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection

# A worker tells every 10 seconds that it lives; one that hangs or lost its connection does not.
# That it is this container's is told by the address, which this process shares with it.
SPOKEN = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database()
      AND client_addr IS NOT DISTINCT FROM inet_client_addr()
      AND pid <> pg_backend_pid()
      AND query LIKE '%procrastinate%'
      AND query_start > now() - interval '1 minute'
)
"""


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    try:
        connection.ensure_connection()
        # Of psycopg, as Django's own warn of a site that is not set up; that would take a second.
        with connection.wrap_database_errors:
            (alive,) = connection.connection.execute(SPOKEN).fetchone()
    except (Error, ImproperlyConfigured) as error:
        sys.stderr.write(f"The database does not say: {error}\n")
        return 1
    sys.stdout.write("alive\n" if alive else "The worker has not been heard of for a minute.\n")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main())
