import contextlib
import socket
import ssl
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest

from classifier.tests.webhook_receiver import Receiver
from classifier.webhooks import transport
from classifier.webhooks.transport import DeliveryError


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT_S", 0.3)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "http://receiver:9000/hook?of=this#part",
        "http://127.0.0.1",
    ],
)
def test_valid_url_is_accepted(url: str) -> None:
    transport.validate_url(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "whole address"),
        ("example.org/hook", "whole address"),
        ("ftp://example.org/", "whole address"),
        ("file:///etc/passwd", "whole address"),
        ("javascript:alert(1)", "whole address"),
        ("http://", "whole address"),
        ("http://example.org:0/", "whole address"),
        ("http://example.org:99999/", "out of range"),
        ("http://[::1/", "Invalid IPv6"),
        ("http://somebody:secret@example.org/", "user name"),
        ("http://@example.org/", "user name"),
        ("http://example.org/two words", "ASCII"),
        ("http://example.org/\r\nHost: elsewhere", "ASCII"),
        ("http://exämple.org/", "ASCII"),
        ("http://169.254.169.254/latest/meta-data", "credentials"),
        ("http://10.0.0.1/", "WEBHOOK_INTERNAL_NETWORKS"),
    ],
)
def test_invalid_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transport.validate_url(url)


def test_request_sends_body_and_returns_status(receiver: Receiver) -> None:
    receiver.statuses = [201]

    assert transport.send_request(f"{receiver.url}?a=b#c", b"{}", {"Webhook-Id": "1"}) == 201

    [request] = receiver.requests
    assert (request.path, request.body, request.headers["Webhook-Id"]) == ("/?a=b", b"{}", "1")
    assert request.headers["Host"] == receiver.url.removeprefix("http://")


def test_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.statuses = [302]
    assert transport.send_request(f"{receiver.url}/hook", b"", {}) == 302
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_name_that_leads_to_credentials_gets_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Mock(return_value=("169.254.169.254", 80))
    connection = Mock(sock=Mock(getpeername=peer))
    monkeypatch.setattr(transport, "HTTPConnection", Mock(return_value=connection))

    with pytest.raises(DeliveryError, match="credentials"):
        transport.send_request("http://metadata.example/", b"secret", {})

    connection.connect.assert_called_once()
    connection.request.assert_not_called()
    connection.close.assert_called_once()


def test_silent_receiver_times_out(receiver: Receiver, short_timeout: None) -> None:
    receiver.may_respond.clear()
    with pytest.raises(DeliveryError, match="no answer within"):
        transport.send_request(receiver.url, b"", {})


def test_slow_receiver_times_out(short_timeout: None) -> None:
    stopped = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_send_slowly, args=[server, stopped])
        thread.start()
        try:
            with pytest.raises(DeliveryError, match="no answer within"):
                transport.send_request(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {})
        finally:
            stopped.set()
            thread.join()


def _send_slowly(server: socket.socket, stopped: Event) -> None:
    peer, _ = server.accept()
    with peer, contextlib.suppress(OSError):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stopped.wait(0.02):
            peer.sendall(b"y")


def test_refused_connection_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    with pytest.raises(DeliveryError, match="The connection failed: Connection refused"):
        transport.send_request(url, b"", {})


def test_impossible_name_is_reported() -> None:
    with pytest.raises(DeliveryError, match="impossible host name"):
        transport.send_request(f"http://{'a' * 64}.example/", b"", {})


def test_malformed_response_is_reported_without_its_content() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_send_garbage, args=[server])
        thread.start()
        with pytest.raises(DeliveryError, match=r"^The answer was not HTTP\.$"):
            transport.send_request(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {})
        thread.join()


def _send_garbage(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.recv(4096)
        peer.sendall(b"secret\0\r\n")


def test_certificate_must_be_trusted(receiver: Receiver) -> None:
    connection: Any = transport._build_connection(urlsplit("https://localhost"))
    context = connection._context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    with pytest.raises(DeliveryError, match="TLS connection failed"):
        transport.send_request(receiver.url.replace("http:", "https:"), b"", {})
    assert receiver.requests == []
