"""Posts a picture again and again over parallel connections, and times each answer."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

BOUNDARY = "a-boundary"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass(frozen=True)
class Load:
    """Requests a second, and the seconds that half and 95 % of the answers took at most."""

    per_second: float
    p50_s: float
    p95_s: float
    failed: int


def multipart(picture: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="digit.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def run(port: int, path: str, picture: bytes, seconds: float, connections: int = 8) -> Load:
    body = multipart(picture)
    started = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        until = started + seconds
        parts = [pool.submit(_post_until, until, port, path, body) for _ in range(connections)]
    took = time.perf_counter() - started
    answers = [answer for part in parts for answer in part.result()]
    times = sorted(time_s for time_s, _ in answers)
    return Load(
        per_second=len(times) / took,
        p50_s=times[len(times) // 2],
        p95_s=times[int(len(times) * 0.95)],
        failed=sum(status != 200 for _, status in answers),
    )


def _post_until(until: float, port: int, path: str, body: bytes) -> list[tuple[float, int]]:
    answers = []
    while time.perf_counter() < until:
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        response.read()
        connection.close()
        answers.append((time.perf_counter() - started, response.status))
    return answers
