"""Where something may be posted to, and for how long it is waited for."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest

from classifier.tests.webhook_receiver import Receiver, run_receiver
from classifier.webhooks import transport
from classifier.webhooks.transport import DeliveryError


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT_S", 0.3)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "http://receiver:9000/hook?of=this#part",
        "http://127.0.0.1",
        "http://[::1]:9000/",
        "http://10.0.0.1/",
    ],
)
def test_addresses_of_the_outside_and_of_the_own_network_are_taken(url: str) -> None:
    transport.validate_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
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
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fe80::1%25eth0]/", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
    ],
)
def test_others_are_not_and_it_is_said_why(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        transport.validate_url(url)


def test_what_is_posted_arrives_and_the_status_comes_back(receiver: Receiver) -> None:
    receiver.statuses = [201]

    assert transport.post(f"{receiver.url}?a=b#c", b"{}", {"Webhook-Id": "1"}) == 201

    [request] = receiver.requests
    assert (request.path, request.body, request.headers["Webhook-Id"]) == ("/?a=b", b"{}", "1")
    assert request.headers["Host"] == receiver.url.removeprefix("http://")


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.statuses = [302]
    assert transport.post(f"{receiver.url}/hook", b"", {}) == 302
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_a_name_that_leads_to_the_machines_own_address_gets_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By any of its spellings, and however the name is resolved: asked of the open connection."""
    peer = Mock(return_value=("169.254.169.254", 80))
    connection = Mock(sock=Mock(getpeername=peer))
    monkeypatch.setattr(transport, "HTTPConnection", Mock(return_value=connection))

    with pytest.raises(DeliveryError, match="link-local"):
        transport.post("http://metadata.example/", b"secret", {})

    connection.connect.assert_called_once()
    connection.request.assert_not_called()
    connection.close.assert_called_once()


def test_who_never_answers_is_not_waited_for(receiver: Receiver, little_time: None) -> None:
    receiver.may_respond.clear()
    with pytest.raises(DeliveryError, match="no answer within"):
        transport.post(receiver.url, b"", {})


def test_nor_is_who_sends_a_byte_now_and_then(little_time: None) -> None:
    """Each of which would be within the time."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_drip, args=[server, over])
        thread.start()
        try:
            with pytest.raises(DeliveryError, match="no answer within"):
                transport.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {})
        finally:
            over.set()
            thread.join()


def _drip(server: socket.socket, over: Event) -> None:
    peer, _ = server.accept()
    with peer, contextlib.suppress(OSError):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(0.02):
            peer.sendall(b"y")


def test_who_is_not_there_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        transport.post(url, b"", {})


def test_a_name_that_can_t_be_one_is_told_of() -> None:
    with pytest.raises(DeliveryError, match="UnicodeError"):
        transport.post(f"http://{'a' * 64}.example/", b"", {})


def test_who_answers_in_no_http_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_mumble, args=[server])
        thread.start()
        with pytest.raises(DeliveryError, match="BadStatusLine"):
            transport.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {})
        thread.join()


def _mumble(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.recv(4096)
        peer.sendall(b"hello\r\n")


def test_https_is_for_those_whose_certificate_is_trusted(receiver: Receiver) -> None:
    connection: Any = transport._build_connection(urlsplit("https://localhost"))
    context = connection._context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    with pytest.raises(DeliveryError, match="SSLError"):
        transport.post(receiver.url.replace("http:", "https:"), b"", {})
    assert receiver.requests == []
