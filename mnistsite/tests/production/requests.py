"""Send requests one by one or many at once."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CONNECTIONS = 8


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body; an error has to be problem details."""
        content = json.loads(self.body)
        expected = "application/json" if self.status < 400 else "application/problem+json"
        assert self.headers["Content-Type"] == expected, self.body
        if self.status >= 400:
            assert content.keys() >= {"type", "title", "status", "detail", "code"}
            assert content["status"] == self.status
        return content


def send_request(
    port: int,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    address: str = "127.0.0.1",
) -> Response:
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        method = "GET" if body is None else "POST"
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def is_ready(port: int, address: str = "127.0.0.1") -> bool:
    try:
        return send_request(port, "/readyz", address=address).status == 200
    except OSError:
        return False


def post_picture(port: int, picture: bytes) -> Response:
    return send_request(port, "/api/predict", picture, {"Content-Type": "image/png"})


@contextmanager
def send_load(port: int, picture: bytes) -> Iterator[Counter[str]]:
    """Post pictures without a pause during the block; yield counts of the responses."""
    counts: Counter[str] = Counter()
    stopped = threading.Event()

    def post_repeatedly() -> None:
        while not stopped.is_set():
            counts[_post_once(port, picture)] += 1

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        futures: list[Future[None]] = [pool.submit(post_repeatedly) for _ in range(CONNECTIONS)]
        try:
            yield counts
        finally:
            stopped.set()
    for future in futures:
        future.result()


def _post_once(port: int, picture: bytes) -> str:
    try:
        response = post_picture(port, picture)
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    return "ok" if response.status == 200 else f"{response.status} {response.body[:80]!r}"
