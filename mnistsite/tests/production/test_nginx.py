"""nginx forwards, buffers, limits and caches requests, and hides what is internal."""

import gzip
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from classifier.tests.pictures import Draw
from mnistsite.tests.production.conftest import FIRST, SECOND, Production
from mnistsite.tests.production.requests import post_picture, send_request
from mnistsite.tests.production.stack import is_listening
from mnistsite.tests.site import find_free_port, wait_until

UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}")
WITHIN_S = 10


def test_posted_digit_is_recognised(production: Production, draw_digit: Draw) -> None:
    response = post_picture(production.port, draw_digit(7))
    assert response.status == 200
    assert (response.json["label"], response.json["verdict"]) == ("7", "digit")


def test_chunked_picture_is_buffered_and_recognised(
    production: Production, draw_digit: Draw
) -> None:
    picture = draw_digit(3)
    chunks, headers = iter([picture[:500], picture[500:]]), {"Transfer-Encoding": "chunked"}
    response = send_request(production.port, "/api/predict", chunks, headers)
    assert (response.status, response.json["label"]) == (200, "3")


def test_logs_share_the_request_id_and_contain_no_personal_data(
    production: Production, draw_digit: Draw
) -> None:
    headers = {"X-Request-ID": "forged", "User-Agent": "Me"}
    response = send_request(production.port, "/api/predict", draw_digit(7), headers)
    request_id = response.headers["X-Request-ID"]
    send_request(production.port, f"/result/{response.json['id']}?who=me")
    logs = [production.nginx, *production.replicas.values()]

    def find_lines() -> list[dict[str, Any]]:
        lines = [
            json.loads(line) for service in logs for line in service.read_lines() if line[:1] == "{"
        ]
        return [line for line in lines if line.get("request_id") == request_id]

    assert wait_until(lambda: len(find_lines()) == 2, WITHIN_S), (
        "expected lines of nginx and gunicorn"
    )
    assert {line["route"] for line in find_lines()} == {"/api/predict", "api-predict"}
    assert {(line["method"], line["status"]) for line in find_lines()} == {("POST", 200)}
    for service in logs:
        text = re.sub(r'"request_id": "[0-9a-f]*"', "", service.log.read_text())
        assert not UUID.search(text)
        assert "who=me" not in text
        assert '"Me"' not in text
        assert not re.search(r"(?<!upstream\": \")127\.0\.0\.1\b", text.split("Listening")[-1])


def test_static_files_are_compressed_and_cached_by_nginx(production: Production) -> None:
    page = send_request(production.port, "/").body.decode()
    style = re.search(r'href="(/static/[^"]*bootstrap[^"]*\.css)"', page)
    assert style
    for _ in range(2):
        response = send_request(production.port, style[1], headers={"Accept-Encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert b"Bootstrap" in gzip.decompress(response.body)
        assert "immutable" in response.headers["Cache-Control"]

    def find_lines() -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in production.nginx.read_lines())
        return [line for line in lines if line["route"] == "/static"]

    assert wait_until(lambda: len(find_lines()) >= 2, WITHIN_S)
    assert find_lines()[-1]["upstream"] == "", "a replica served it"


def test_pages_are_compressed_and_hide_the_version(production: Production) -> None:
    response = send_request(production.port, "/", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Server"] == "nginx"


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_body_is_rejected_for_programs_and_people(
    production: Production, chunked: bool
) -> None:
    def body() -> Any:
        size = settings.MAX_UPLOAD_BYTES + 1
        return iter([bytes(size)]) if chunked else bytes(size)

    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    program = send_request(production.port, "/api/predict", body(), headers)
    assert (program.status, program.json["code"]) == (413, "too_large")
    person = send_request(production.port, "/predict", body(), headers)
    assert (person.status, person.headers["Content-Type"]) == (413, "text/html")
    assert b"At most 10 MB" in person.body


def test_nginx_and_application_have_the_same_size_limit(production: Production) -> None:
    """A body of exactly the limit passes nginx and is then rejected as no image."""
    response = send_request(production.port, "/api/predict", bytes(settings.MAX_UPLOAD_BYTES))
    assert (response.status, response.json["code"]) == (400, "not_an_image")
    direct = send_request(
        production.stack.web_port,
        "/api/predict",
        bytes(settings.MAX_UPLOAD_BYTES + 1),
        {"Host": "localhost"},
        address=FIRST,
    )
    assert (direct.status, direct.json["code"]) == (413, "too_large")


def test_too_many_predictions_are_throttled(production: Production, draw_digit: Draw) -> None:
    _, port = production.stack.start_nginx(per_second="1")
    assert wait_until(lambda: is_listening(port), WITHIN_S)
    responses = [post_picture(port, draw_digit(7)) for _ in range(4)]
    throttled = responses[-1]
    assert responses[0].status == 200
    assert (throttled.status, throttled.json["code"]) == (429, "throttled")
    assert throttled.headers["Retry-After"] == "1"
    assert send_request(port, "/").status == 200, "other pages are limited too"
    for name in ("visitor", "__Host-visitor"):
        headers = {"Content-Type": "image/png", "Cookie": f"timezone=UTC; {name}={uuid4()}"}
        assert send_request(port, "/api/predict", draw_digit(7), headers).status == 200


def test_previews_over_the_limit_are_queued(production: Production, draw_digit: Draw) -> None:
    _, port = production.stack.start_nginx(per_second="10")
    assert wait_until(lambda: is_listening(port), WITHIN_S)
    picture, headers, people = draw_digit(7), {"Content-Type": "image/png"}, 16
    with ThreadPoolExecutor(people) as pool:
        previews = [
            pool.submit(send_request, port, "/api/preview", picture, headers) for _ in range(people)
        ]
    assert {preview.result().status for preview in previews} == {200}


class Echo(BaseHTTPRequestHandler):
    """Responds with the headers of the request."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({k.lower(): v for k, v in self.headers.items()}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo(production: Production) -> Iterator[int]:
    """The port of an nginx in front of a server that echoes headers."""
    server = HTTPServer(("127.0.0.1", find_free_port()), Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    _, port = production.stack.start_nginx(web=f"127.0.0.1:{server.server_port}")
    assert wait_until(lambda: is_listening(port), WITHIN_S)
    yield port
    server.shutdown()
    thread.join()
    server.server_close()


def test_forged_forwarding_headers_are_overwritten(echo: int) -> None:
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
    headers = json.loads(send_request(echo, "/", headers=forged).body)
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert headers["host"] == "digits.example:8080"
    assert not {"x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded"} & headers.keys()


def test_metrics_are_not_public(production: Production) -> None:
    for path in ("/metrics", "/metrics/", "/metrics?x=1", "//metrics", "/%6detrics"):
        assert send_request(production.port, path).status == 404
    inside = send_request(production.stack.web_port, "/metrics", address=FIRST)
    assert inside.status == 200
    assert b"mnistsite_" in inside.body


def test_uploads_are_not_public(production: Production, draw_digit: Draw) -> None:
    picture = draw_digit(7)
    upload_id = post_picture(production.port, picture).json["id"]
    name = f"uploads/{upload_id.replace('-', '')[:2]}/{upload_id}"
    assert (production.stack.folder / "media" / name).read_bytes() == picture
    for path in ("", "uploads/", name, f"../media/{name}"):
        for folder in ("/protected-media/", "/media/", "/static/"):
            assert send_request(production.port, folder + path).status == 404


def test_original_is_downloaded_by_staff_only(production: Production, draw_digit: Draw) -> None:
    picture = draw_digit(7)
    upload_id = post_picture(production.port, picture).json["id"]
    path = f"/upload/{upload_id}/original"
    visitor = send_request(production.port, path)
    assert visitor.status == 302
    assert "/admin/login/" in visitor.headers["Location"]
    admin, guest = ({"Cookie": create_session(production, each)} for each in ("admin", "guest"))
    staff = send_request(production.port, path, headers=admin)
    assert (staff.status, staff.body) == (200, picture)
    assert staff.headers["Content-Disposition"].startswith("attachment")
    assert staff.headers["X-Content-Type-Options"] == "nosniff"
    assert send_request(production.port, path, headers=guest).status == 403


def create_session(production: Production, name: str) -> str:
    """Return the cookie of a user who is logged in; the user "guest" has no permissions."""
    completed = production.stack.run(
        "manage.py",
        "shell",
        "--verbosity=0",
        "--command",
        f"""
from django.contrib.auth.models import User
from classifier.access.sessions import SessionStore
user, _ = User.objects.get_or_create(username={name!r})
session = SessionStore()
session["_auth_user_id"] = str(user.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = user.get_session_auth_hash()
session.create()
print(session.session_key)
""",
    )
    assert completed.returncode == 0, completed.stderr
    return f"sessionid={completed.stdout.split()[-1]}"


def test_slow_clients_are_cut_off_and_block_nobody(
    production: Production, draw_digit: Draw
) -> None:
    head = "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    connections = [socket.create_connection(("127.0.0.1", production.port)) for _ in range(40)]
    for number, connection in enumerate(connections):
        # Half of them stop in the body, half in the headers.
        connection.sendall((head + ("\r\nsome of it" if number % 2 else "X-More: ")).encode())
    assert [post_picture(production.port, draw_digit(7)).status for _ in range(20)] == [200] * 20
    for connection in connections:
        connection.settimeout(WITHIN_S + 5)
        response = connection.recv(1000)
        assert response == b"" or response.startswith(b"HTTP/1.1 408 ")
        connection.close()


def test_missing_replicas_are_reported_to_programs_and_people(production: Production) -> None:
    _, port = production.stack.start_nginx(web=f"127.0.0.1:{find_free_port()}")
    assert wait_until(lambda: is_listening(port), WITHIN_S)
    program = send_request(port, "/api/predict", b"some bytes")
    assert (program.status, program.json["code"]) == (502, "unavailable")
    assert program.headers["Retry-After"]
    person = send_request(port, "/")
    assert (person.status, person.headers["Content-Type"]) == (502, "text/html")
    assert b"Back soon" in person.body
    assert production.is_ready(SECOND)


def test_ambiguous_length_is_refused(production: Production) -> None:
    """Otherwise nginx and gunicorn could see different ends of a request."""
    lines = (
        *("POST /api/predict HTTP/1.1", "Host: localhost", "Content-Length: 4"),
        *("Transfer-Encoding: chunked", "", "0", "", "GET /metrics HTTP/1.1", "", ""),
    )
    with socket.create_connection(("127.0.0.1", production.port), WITHIN_S) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
