"""A POST to an address that staff have set: bounded in time, without redirects, and never to the
addresses at which machines of a network ask for their own credentials."""

import contextlib
import socket
import ssl
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv6Address, ip_address
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 10.0
LINK_LOCAL_ERROR = "This address is kept for the machines of a network. Use another one."


class DeliveryError(Exception):
    """The message says why, to staff."""


def validate_url(url: str) -> None:
    """Raises ValueError for what can't be posted to; the message says why."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError("Use letters without accents; write others as they are in a link.")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("Use a whole address: https://… or http://…")
    if "@" in parts.netloc:
        raise ValueError("Leave out user name and password: the signature says who sends.")
    # What a name leads to is looked at when something is sent: by then it may lead elsewhere.
    if _is_link_local(parts.hostname):
        raise ValueError(LINK_LOCAL_ERROR)


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, of which no more is read. Raises NotSent."""
    parts = urlsplit(url)
    connection = _connection(parts)
    # Its own timeout is that of each step: who sends a byte now and then would be waited for.
    over = Event()
    deadline = Timer(TIMEOUT_S, _cut, [connection, over])
    deadline.start()
    try:
        status = _status(connection, parts, body, headers)
        if over.is_set():
            raise TimeoutError  # what was cut off in the headers looks like their end
        return status
    except (OSError, HTTPException, UnicodeError) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise DeliveryError(f"There was no answer within {TIMEOUT_S:.0f} seconds.") from error
        raise DeliveryError(f"{type(error).__name__}: {error}") from error
    finally:
        deadline.cancel()
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    host = str(parts.hostname)
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=_trusted())
    return HTTPConnection(host, parts.port, timeout=TIMEOUT_S)


@lru_cache
def _trusted() -> ssl.SSLContext:
    """The certificates that the machine trusts."""
    return ssl.create_default_context()


def _status(
    connection: HTTPConnection, parts: SplitResult, body: bytes, headers: dict[str, str]
) -> int:
    connection.connect()
    if _is_link_local(connection.sock.getpeername()[0]):
        raise DeliveryError(LINK_LOCAL_ERROR)
    query = f"?{parts.query}" if parts.query else ""
    connection.request("POST", f"{parts.path or '/'}{query}", body, headers)
    return connection.getresponse().status


def _is_link_local(host: str) -> bool:
    """False for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_link_local
    return address.is_link_local


def _cut(connection: HTTPConnection, over: Event) -> None:
    over.set()
    with contextlib.suppress(OSError, AttributeError):  # not connected, or not any more
        connection.sock.shutdown(socket.SHUT_RDWR)
