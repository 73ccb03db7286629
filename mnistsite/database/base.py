"""The backend that DATABASES names as its ENGINE."""

import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from mnistsite.database import embedded

PAUSES_S = (0.2, 0.4, 0.8, 1.6)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if "host" not in params:
            params["host"] = embedded.socket_folder()
        return {"connect_timeout": 5} | params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        for pause in PAUSES_S:
            try:
                return super().get_new_connection(conn_params)
            except psycopg.OperationalError:
                time.sleep(pause)
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError as error:
            raise psycopg.OperationalError(
                f"No connection to PostgreSQL at {conn_params['host']} after "
                f"{len(PAUSES_S) + 1} tries: {str(error).strip()} "
                "Is the server running, and is DATABASE_URL right?"
            ) from error
