"""The worker processes, as the database sees them."""

from django.db import connection

# The name under which a worker connects for its jobs and heartbeats.
APPLICATION_NAME = "procrastinate worker"

# A heartbeat is due every 10 seconds; a worker that hangs or has lost its connection sends none.
_ALIVE = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database()
      AND application_name = %(name)s
      AND query_start > now() - interval '30 seconds'
      AND (%(anywhere)s OR client_addr IS NOT DISTINCT FROM inet_client_addr())
)
"""


def is_worker_alive(*, on_this_machine: bool = False) -> bool:
    """Return whether a worker, anywhere or on this machine, has used the database lately.

    Works without `django.setup()`, which takes longer than the query.
    """
    connection.ensure_connection()
    parameters = {"name": APPLICATION_NAME, "anywhere": not on_this_machine}
    with connection.wrap_database_errors:
        (alive,) = connection.connection.execute(_ALIVE, parameters).fetchone()
    return bool(alive)
