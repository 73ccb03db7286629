"""Whom webhooks tell: a real HTTP server in a thread, and what it was told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier import tasks
from classifier.models import Webhook
from classifier.recognition.labels import Event as Happening
from classifier.webhooks import deliveries

# Not of this project: the example of the Standard Webhooks specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Told:
    path: str
    headers: Message
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with each of `answers`, then with 204; a redirect leads to /elsewhere."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: "Queue[Told]" = field(default_factory=Queue)
    may_answer: Event = field(default_factory=Event)

    def webhook(self, *events: Happening, **values: Any) -> Webhook:
        given = {"url": f"{self.url}/hook?of=this", "secret": SECRET, "events": [*events]}
        return Webhook.objects.create(**given | values)


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = Told(self.path, self.headers, body)
            receiver.told.append(told)
            receiver.arrived.put(told)
            receiver.may_answer.wait()
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


def waiting() -> list[dict[str, Any]]:
    """The jobs that would tell somebody, now or later."""
    jobs = ProcrastinateJob.objects.filter(task_name=deliveries.TASK, status="todo")
    return list(jobs.order_by("id").values("id", "args", "scheduled_at"))


def do_all() -> int:
    """Each job that waits, but none that comes of them; says how many there were."""
    found = waiting()
    with connection.cursor() as cursor:
        ids = [job["id"] for job in found]
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [ids])
    for job in found:
        tasks.deliver(**job["args"])
    return len(found)
