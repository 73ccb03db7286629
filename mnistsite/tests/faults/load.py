"""Clients that upload pictures without a pause, and remember what was acknowledged."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from mnistsite.tests.production.requests import send_request

CLIENTS = 4  # of each of the two sorts
MAX_UPLOADS = 50_000  # then they stop
AFTER_FAILURE_S = 0.05
REPEAT_EVERY = 10  # acknowledged uploads with a key, one of which is sent again


@dataclass
class Load:
    """Uploads to the port of a site; half of the clients send Idempotency-Keys.

    A client with a key repeats its request until it is acknowledged. `answers` counts all others
    by their status.
    """

    port: int
    picture: bytes
    keyed_picture: bytes
    uploads: set[str] = field(default_factory=set)
    uploads_by_key: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    errors: int = 0  # answers from 500 that do not say when to try again
    changed: list[str] = field(default_factory=list)  # keys whose answer was not repeated

    @property
    def acknowledged(self) -> set[str]:
        return self.uploads | {*self.uploads_by_key.values()}

    def count_acknowledged(self) -> int:
        return len(self.uploads) + len(self.uploads_by_key)

    @contextmanager
    def send(self) -> Iterator[None]:
        """Upload during the block."""
        stopped = threading.Event()
        with ThreadPoolExecutor(2 * CLIENTS) as pool:
            sends = [self._send_without_key] * CLIENTS + [self._send_with_key] * CLIENTS
            futures = [pool.submit(self._repeat, send, stopped) for send in sends]
            try:
                yield
            finally:
                stopped.set()
        for future in futures:
            future.result()

    def _repeat(self, send: Any, stopped: threading.Event) -> None:
        while not stopped.is_set() and self.count_acknowledged() < MAX_UPLOADS:
            send(stopped)

    def _send_without_key(self, _: threading.Event) -> None:
        if upload := self._post(self.picture):
            self.uploads.add(upload)

    def _send_with_key(self, stopped: threading.Event) -> None:
        key = str(uuid4())
        upload = ""
        while not (upload or stopped.is_set()):
            upload = self._post(self.keyed_picture, key)
        if upload:
            self.uploads_by_key[key] = upload
            if len(self.uploads_by_key) % REPEAT_EVERY == 0:
                again = self._post(self.keyed_picture, key)
                if again and again != upload:
                    self.changed.append(key)

    def _post(self, picture: bytes, key: str = "") -> str:
        """Return the id of the upload, or an empty string if it was not acknowledged."""
        headers = {"Content-Type": "image/png"} | ({"Idempotency-Key": key} if key else {})
        try:
            response = send_request(self.port, "/api/predict", picture, headers)
        except (OSError, http.client.HTTPException):
            self.answers["no answer"] += 1
        else:
            if response.status == 200:
                return str(json.loads(response.body)["id"])
            self.answers[str(response.status)] += 1
            self.errors += response.status >= 500 and "Retry-After" not in response.headers
        time.sleep(AFTER_FAILURE_S)
        return ""
