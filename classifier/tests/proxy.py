"""A proxy in front of PostgreSQL that loses the response to a commit."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from django.db import connection

CHUNK_BYTES = 65536
# ReadyForQuery outside of a transaction: the statement is committed.
IDLE = b"Z\x00\x00\x00\x05I"


class CuttingProxy:
    """A proxy that passes bytes on until the server reports `tag` as committed, and then hangs up.

    `tag` is the command tag of a statement, such as "COMMIT". `has_cut` is set once it hung up.
    """

    def __init__(self, server: str | tuple[str, int]) -> None:
        self.tag: bytes | None = None
        self.has_cut = False
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._pass_on, args=[client], daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        family = socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET
        with client, socket.socket(family) as server:
            server.connect(self._server)
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    data = source.recv(CHUNK_BYTES)
                    if not data or (source is server and self._is_commit(data)):
                        return
                    (server if source is client else client).sendall(data)

    def _is_commit(self, data: bytes) -> bool:
        is_commit = self.tag is not None and self.tag in data and data.endswith(IDLE)
        self.has_cut = self.has_cut or is_commit
        return is_commit


@contextmanager
def connect_through_proxy() -> Iterator[CuttingProxy]:
    """Let Django's connection of this thread go through a proxy."""
    params: dict[str, Any] = connection.get_connection_params()
    host, port = str(params["host"]), int(params.get("port") or 5432)
    proxy = CuttingProxy(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port))
    settings = connection.settings_dict
    before = settings["HOST"], settings["PORT"]
    connection.close()
    settings["HOST"], settings["PORT"] = "127.0.0.1", proxy.port
    try:
        yield proxy
    finally:
        connection.close()
        settings["HOST"], settings["PORT"] = before
        proxy.close()
