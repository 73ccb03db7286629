"""The way of a request through nginx: what it lets through, keeps, overwrites and refuses."""

import gzip
import json
import re
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.conf import settings

from mnistsite.tests.production.asking import ask, predict
from mnistsite.tests.production.conftest import FIRST, SECOND, Production
from mnistsite.tests.production.parts import listens
from mnistsite.tests.stack import eventually, free_port

UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}")
WITHIN_S = 10


def test_a_posted_digit_is_read(production: Production, drawn: Callable[..., bytes]) -> None:
    answer = predict(production.port, drawn(7))
    assert (answer.status, answer.json["label"], answer.json["verdict"]) == (200, "7", "digit")


def test_a_picture_in_chunks_is_read_since_nginx_takes_it_in_whole(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    picture = drawn(3)
    parts = iter([picture[:500], picture[500:]])
    answer = ask(production.port, "/api/predict", parts, {"Transfer-Encoding": "chunked"})
    assert (answer.status, answer.json["label"]) == (200, "3")


def test_one_id_leads_from_the_answer_through_every_log_and_no_log_tells_who_asked(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    answer = ask(
        production.port,
        "/api/predict?who=me",
        drawn(7),
        {"X-Request-ID": "forged", "User-Agent": "Me"},
    )
    request_id = answer.headers["X-Request-ID"]
    ask(production.port, f"/result/{answer.json['id']}")
    logs = [production.nginx, *production.replicas.values()]

    def told() -> list[dict[str, Any]]:
        lines = [json.loads(line) for part in logs for line in part.lines() if line[:1] == "{"]
        return [line for line in lines if line.get("request_id") == request_id]

    assert eventually(lambda: len(told()) == 2, WITHIN_S), "nginx's line and gunicorn's"
    assert {line["route"] for line in told()} == {"/api/predict", "api-predict"}
    assert {(line["method"], line["status"]) for line in told()} == {("POST", 200)}
    for part in logs:
        text = re.sub(r'"request_id": "[0-9a-f]*"', "", part.log.read_text())
        assert not UUID.search(text)
        assert "who=me" not in text
        assert '"Me"' not in text
        assert not re.search(r"(?<!upstream\": \")127\.0\.0\.1\b", text.split("Listening")[-1])


def test_static_files_come_small_from_nginx_own_cache(production: Production) -> None:
    page = ask(production.port, "/").body.decode()
    style = re.search(r'href="(/static/[^"]*bootstrap[^"]*\.css)"', page)
    assert style
    for _ in range(2):
        answer = ask(production.port, style[1], headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"Bootstrap" in gzip.decompress(answer.body)
        assert "immutable" in answer.headers["Cache-Control"]

    def of_static() -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in production.nginx.lines())
        return [line for line in lines if line["route"] == "/static"]

    assert eventually(lambda: len(of_static()) >= 2, WITHIN_S)
    assert of_static()[-1]["upstream"] == "", "answered without asking a replica"


def test_pages_are_compressed_and_no_version_is_told(production: Production) -> None:
    answer = ask(production.port, "/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Server"] == "nginx"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_in_the_askers_form(
    production: Production, chunked: bool
) -> None:
    def body() -> Any:
        size = settings.MAX_UPLOAD_BYTES + 1
        return iter([bytes(size)]) if chunked else bytes(size)

    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    program = ask(production.port, "/api/predict", body(), headers)
    assert (program.status, program.json["code"]) == (413, "too_large")
    person = ask(production.port, "/predict", body(), headers)
    assert (person.status, person.headers["Content-Type"]) == (413, "text/html")
    assert b"At most 10 MB" in person.body


def test_nginx_and_the_application_draw_the_line_at_the_same_byte(
    production: Production,
) -> None:
    """A body of just that size passes nginx, and is no picture to the application."""
    answer = ask(production.port, "/api/predict", bytes(settings.MAX_UPLOAD_BYTES))
    assert (answer.status, answer.json["code"]) == (400, "not_an_image")
    straight = ask(
        production.parts.web_port,
        "/api/predict",
        bytes(settings.MAX_UPLOAD_BYTES + 1),
        {"Host": "localhost"},
        address=FIRST,
    )
    assert (straight.status, straight.json["code"]) == (413, "too_large")


def test_who_predicts_too_fast_is_told_to_wait(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    _, port = production.parts.nginx(per_second="1")
    assert eventually(lambda: listens(port), WITHIN_S)
    answers = [predict(port, drawn(7)) for _ in range(4)]
    refused = answers[-1]
    assert answers[0].status == 200
    assert (refused.status, refused.json["code"]) == (429, "throttled")
    assert refused.headers["Retry-After"] == "1"
    assert ask(port, "/").status == 200, "only predicting is limited"


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it got."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({k.lower(): v for k, v in self.headers.items()}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo(production: Production) -> Iterator[int]:
    """nginx's port before a server that tells what reaches it."""
    server = HTTPServer(("127.0.0.1", free_port()), Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    _, port = production.parts.nginx(web=f"127.0.0.1:{server.server_port}")
    assert eventually(lambda: listens(port), WITHIN_S)
    yield port
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_a_client_says_of_where_it_comes_from_is_overwritten(echo: int) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "666",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "X-Request-ID": "forged",
        "Host": "digits.example:8080",
    }
    got = json.loads(ask(echo, "/", headers=forged).body)
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert re.fullmatch("[0-9a-f]{32}", got["x-request-id"])
    assert got["host"] == "digits.example:8080"
    assert not {"x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded"} & got.keys()


def test_metrics_are_for_those_inside_only(production: Production) -> None:
    for path in ("/metrics", "/metrics/", "/metrics?x=1", "//metrics", "/%6detrics"):
        assert ask(production.port, path).status == 404
    inside = ask(production.parts.web_port, "/metrics", address=FIRST)
    assert inside.status == 200
    assert b"mnistsite_" in inside.body


def test_uploads_lie_in_no_open_folder(production: Production, drawn: Callable[..., bytes]) -> None:
    picture = drawn(7)
    upload_id = predict(production.port, picture).json["id"]
    name = f"uploads/{upload_id.replace('-', '')[:2]}/{upload_id}"
    assert (production.parts.folder / "media" / name).read_bytes() == picture
    for path in ("", "uploads/", name, f"../media/{name}"):
        for folder in ("/protected-media/", "/media/", "/static/"):
            assert ask(production.port, folder + path).status == 404


def test_staff_get_the_file_as_it_was_sent_and_others_do_not(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    picture = drawn(7)
    upload_id = predict(production.port, picture).json["id"]
    path = f"/upload/{upload_id}/original"
    stranger = ask(production.port, path)
    assert stranger.status == 302
    assert "/admin/login/" in stranger.headers["Location"]
    staff = ask(production.port, path, headers={"Cookie": session(production, "admin")})
    assert (staff.status, staff.body) == (200, picture)
    assert staff.headers["Content-Disposition"].startswith("attachment")
    assert staff.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        ask(production.port, path, headers={"Cookie": session(production, "guest")}).status == 403
    )


def session(production: Production, name: str) -> str:
    """The cookie of somebody who has logged in; a guest has an account and no rights."""
    done = production.parts.run(
        "manage.py",
        "shell",
        "--verbosity=0",
        "--command",
        f"""
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
user, _ = User.objects.get_or_create(username={name!r})
session = SessionStore()
session["_auth_user_id"] = str(user.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = user.get_session_auth_hash()
session.create()
print(session.session_key)
""",
    )
    assert done.returncode == 0, done.stderr
    return f"sessionid={done.stdout.split()[-1]}"


def test_who_sends_slowly_is_cut_off_and_holds_up_nobody(
    production: Production, drawn: Callable[..., bytes]
) -> None:
    head = "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    slow = [socket.create_connection(("127.0.0.1", production.port)) for _ in range(40)]
    for place, each in enumerate(slow):
        # Half of them stop within the body, half within the headers.
        each.sendall((head + ("\r\nsome of it" if place % 2 else "X-More: ")).encode())
    assert [predict(production.port, drawn(7)).status for _ in range(20)] == [200] * 20
    for each in slow:
        each.settimeout(WITHIN_S + 5)
        said = each.recv(1000)
        assert said == b"" or said.startswith(b"HTTP/1.1 408 ")
        each.close()


def test_without_any_replica_programs_and_people_are_told_so(production: Production) -> None:
    _, port = production.parts.nginx(web=f"127.0.0.1:{free_port()}")
    assert eventually(lambda: listens(port), WITHIN_S)
    program = ask(port, "/api/predict", b"some bytes")
    assert (program.status, program.json["code"]) == (502, "unavailable")
    assert program.headers["Retry-After"]
    person = ask(port, "/")
    assert (person.status, person.headers["Content-Type"]) == (502, "text/html")
    assert b"Back soon" in person.body
    assert production.is_ready(SECOND)
