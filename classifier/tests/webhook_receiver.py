"""A receiver of webhooks: a real HTTP server in a thread that records its requests."""

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
from classifier.recognition.labels import Event as WebhookEvent
from classifier.webhooks import deliveries

# The example secret in the libraries of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class ReceivedRequest:
    path: str
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A server that responds with each of `statuses`, then with 204.

    A redirect leads to /elsewhere.
    """

    url: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    arrived: "Queue[ReceivedRequest]" = field(default_factory=Queue)
    may_respond: Event = field(default_factory=Event)

    def create_webhook(self, *events: WebhookEvent, **values: Any) -> Webhook:
        defaults = {"url": f"{self.url}/hook?of=this", "secret": SECRET, "events": [*events]}
        return Webhook.objects.create(**defaults | values)


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.may_respond.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ReceivedRequest(self.path, self.headers, body)
            receiver.requests.append(request)
            receiver.arrived.put(request)
            receiver.may_respond.wait()
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_respond.set()
        server.shutdown()
        thread.join()
        server.server_close()


def list_waiting_jobs() -> list[dict[str, Any]]:
    """Return the deliveries' jobs that are due now or later."""
    jobs = ProcrastinateJob.objects.filter(task_name=deliveries.TASK, status="todo")
    return list(jobs.order_by("id").values("id", "args", "scheduled_at"))


def run_waiting_jobs() -> int:
    """Run each waiting job, but not those that it enqueues, and return their number."""
    jobs = list_waiting_jobs()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [[job["id"] for job in jobs]]
        )
    for job in jobs:
        tasks.deliver(**job["args"])
    return len(jobs)
