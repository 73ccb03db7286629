"""Post a picture repeatedly over parallel connections, and time each response."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

CONNECTIONS = 8
BOUNDARY = "a-boundary"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass(frozen=True)
class LoadResult:
    """Requests, also per second, the median and 95th percentile of the latency, and failures."""

    count: int
    per_second: float
    p50_s: float
    p95_s: float
    failed: int


def encode_multipart(picture: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="digit.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


def run_load(port: int, path: str, picture: bytes, seconds: float) -> LoadResult:
    body = encode_multipart(picture)
    started_at = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        until = started_at + seconds
        futures = [pool.submit(_post_until, until, port, path, body) for _ in range(CONNECTIONS)]
    elapsed_s = time.perf_counter() - started_at
    responses = [response for future in futures for response in future.result()]
    times = sorted(seconds for seconds, _ in responses)
    return LoadResult(
        count=len(times),
        per_second=len(times) / elapsed_s,
        p50_s=times[len(times) // 2],
        p95_s=times[int(len(times) * 0.95)],
        failed=sum(status != 200 for _, status in responses),
    )


def _post_until(until: float, port: int, path: str, body: bytes) -> list[tuple[float, int]]:
    responses = []
    while time.perf_counter() < until:
        started_at = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        response.read()
        connection.close()
        responses.append((time.perf_counter() - started_at, response.status))
    return responses
