"""Requests as clients send them: one by one, raw, or many at once."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """Of an error, problem details."""
        told = json.loads(self.body)
        expected = "application/json" if self.status < 400 else "application/problem+json"
        assert self.headers["Content-Type"] == expected, self.body
        if self.status >= 400:
            assert told.keys() >= {"type", "title", "status", "detail", "code"}
            assert told["status"] == self.status
        return told


def ask(
    port: int,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    address: str = "127.0.0.1",
    method: str | None = None,
) -> Answer:
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        wanted = method or ("GET" if body is None else "POST")
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(wanted, path, body, headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def predict(port: int, picture: bytes, address: str = "127.0.0.1") -> Answer:
    return ask(port, "/api/predict", picture, {"Content-Type": "image/png"}, address)


@contextmanager
def load(port: int, picture: bytes, connections: int = 8) -> Iterator[Counter[str]]:
    """Predictions without a pause while the block runs; what was answered, complete at its end."""
    answers: Counter[str] = Counter()
    ended = threading.Event()

    def again_and_again() -> None:
        while not ended.is_set():
            answers[_told(port, picture)] += 1

    with ThreadPoolExecutor(connections) as pool:
        asking: list[Future[None]] = [pool.submit(again_and_again) for _ in range(connections)]
        try:
            yield answers
        finally:
            ended.set()
    for each in asking:
        each.result()


def _told(port: int, picture: bytes) -> str:
    try:
        answer = predict(port, picture)
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    return "answered" if answer.status == 200 else f"{answer.status} {answer.body[:80]!r}"
