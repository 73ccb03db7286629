"""Show which parts of a stored prediction use how much CPU time, without a web server.

Needs a prepared database, which `make run` leaves behind, and stores the pictures in it.
"""

import argparse
import io
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

os.environ["PREDICT_PER_SECOND"] = "1000000"

from benchmarks import django_setup  # noqa: F401
from benchmarks.digits import draw_digit, load_digits
from classifier.access.throttles import AddressThrottle
from classifier.api import pictures
from classifier.recognition import imaging
from classifier.recognition.recognizer import Graph
from classifier.uploads import submission, upload_batch
from classifier.uploads.storage import DurableStorage
from mnistsite.wsgi import application

REQUESTS = 200
ROUNDS = 3
# From the inside out; what a part contains of later ones counts for these.
PARTS: list[tuple[str, Any, str]] = [
    ("Django and middleware", None, ""),
    ("view, JSON", pictures.PredictView, "dispatch"),
    ("rate limit", AddressThrottle, "allow_request"),
    ("rows and answer", submission, "classify_picture"),
    ("decode", imaging, "decode"),
    ("imaging and uncertainty", submission, "read_picture"),
    ("network", Graph, "run"),
    ("insert, four tables", upload_batch, "insert_rows"),
    ("file and folder, fsynced", DurableStorage, "_save"),
]


class Stopwatch:
    """The CPU time of each part, without the parts that it calls."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._running: list[str] = []
        self._since = 0

    def measure(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **options: Any) -> Any:
            self._switch(part)
            try:
                return work(*arguments, **options)
            finally:
                self._switch(None)

        return measured

    def _switch(self, part: str | None) -> None:
        now = time.thread_time_ns()
        if self._running:
            self.totals[self._running[-1]] += now - self._since
        if part is None:
            self._running.pop()
        else:
            self._running.append(part)
        self._since = time.thread_time_ns()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    stopwatch = Stopwatch()
    for part, owner, name in PARTS[1:]:
        setattr(owner, name, stopwatch.measure(part, getattr(owner, name)))
    send = stopwatch.measure(PARTS[0][0], send_picture)
    digits = load_digits().pixels[:: 5000 // REQUESTS]
    columns = []
    for side in (28, 300):
        drawn = [draw_digit(digit, side) for digit in digits]
        rounds = []
        for _ in range(1 + ROUNDS):
            stopwatch.totals.clear()
            for picture in drawn:
                send(picture)
            rounds.append(dict(stopwatch.totals))
        columns.append(rounds[1:])  # the first one loads the model
    print(f"{'ms of CPU time':28}{'28×28':>8}{'300×300':>9}")
    for part, *_ in PARTS:
        medians = [statistics.median(each[part] for each in rounds) for rounds in columns]
        small, large = (median / len(digits) / 1e6 for median in medians)
        print(f"{part:28}{small:8.2f}{large:9.2f}")


def send_picture(data: bytes) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/predict",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "image/png",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(data),
    }
    statuses: list[str] = []
    response: Any = application(environ, lambda status, *_: statuses.append(status))
    assert statuses[0].startswith("200"), b"".join(response)
    response.close()


if __name__ == "__main__":
    main()
