"""The backend that DATABASES names as its ENGINE."""

import select
import sys
from functools import partial
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus, TransactionStatus

from mnistsite.database import embedded
from mnistsite.database.server import get_server

# Detect a host or network that is down within five seconds.
CONNECTION = {
    "connect_timeout": 3,
    "tcp_user_timeout": 4_000,  # in milliseconds
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        # Django's default, None, prepares nothing, not even statements with `prepare=True`.
        params["prepare_threshold"] = sys.maxsize
        if "host" not in params:
            params["host"] = embedded.get_socket_folder()
        return CONNECTION | params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        server = get_server(f"{conn_params['host']}:{conn_params.get('port', '')}")
        try:
            return server.connect(partial(super().get_new_connection, conn_params))
        except psycopg.OperationalError as error:
            raise psycopg.OperationalError(
                f"No connection to PostgreSQL at {conn_params['host']}: {str(error).strip()} "
                "Is the server running, and is DATABASE_URL right?"
            ) from error

    def is_usable(self) -> bool:
        """Return False if the server has closed the connection, or a query was interrupted.

        This needs no query.
        """
        if self.connection is None or self.connection.pgconn.status != ConnStatus.OK:
            return False
        if self.connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
            return False
        poll = select.poll()
        poll.register(self.connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)
