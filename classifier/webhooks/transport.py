"""POST requests to addresses that staff configure.

A request is limited in time, follows no redirects, and reaches only the addresses that
`addresses` allows.
"""

import contextlib
import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.webhooks import addresses

TIMEOUT_S = 10.0


class DeliveryError(Exception):
    """A request that failed; the message explains it to staff."""


def validate_url(url: str) -> None:
    """Raise ValueError, with a message for staff, if nothing can be posted to the address."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError(_("Use ASCII characters only, and escape others as in a link."))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(_("Enter a whole address that starts with https:// or http://."))
    if "@" in parts.netloc:
        raise ValueError(_("Remove user name and password: the signature identifies the sender."))
    # A name is resolved when the request is sent, as it may lead elsewhere by then.
    if refusal := addresses.explain_refusal(parts.hostname):
        raise ValueError(refusal)


def send_request(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a request, and return the status of the response. Raise DeliveryError."""
    parts = urlsplit(url)
    connection = _build_connection(parts)
    # The connection's own timeout starts again with each byte that arrives.
    has_expired = Event()
    deadline = Timer(TIMEOUT_S, _shut_down, [connection, has_expired])
    deadline.start()
    try:
        status = _send(connection, parts, body, headers)
        if has_expired.is_set():
            raise TimeoutError  # headers that are cut off look complete
        return status
    except (OSError, HTTPException, UnicodeError) as error:
        if has_expired.is_set() or isinstance(error, TimeoutError):
            message = gettext_noop("There was no answer within %(n)s seconds.")
            raise DeliveryError(message % {"n": int(TIMEOUT_S)}) from error
        raise DeliveryError(_describe(error)) from error
    finally:
        deadline.cancel()
        connection.close()


def _build_connection(parts: SplitResult) -> HTTPConnection:
    host = str(parts.hostname)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=context)
    return HTTPConnection(host, parts.port, timeout=TIMEOUT_S)


def _send(
    connection: HTTPConnection, parts: SplitResult, body: bytes, headers: dict[str, str]
) -> int:
    connection.connect()
    # The address of the open connection can't change any more, unlike that of a name.
    if refusal := addresses.explain_refusal(connection.sock.getpeername()[0]):
        raise DeliveryError(refusal)
    query = f"?{parts.query}" if parts.query else ""
    connection.request("POST", f"{parts.path or '/'}{query}", body, headers)
    return connection.getresponse().status


def _describe(error: OSError | HTTPException | UnicodeError) -> str:
    """Return a message without anything that was received, which staff must not see."""
    match error:
        case HTTPException():
            return gettext_noop("The answer was not HTTP.")
        case UnicodeError():
            return gettext_noop("The address has an impossible host name.")
        case ssl.SSLCertVerificationError():
            return gettext_noop("The certificate is not valid: %(problem)s.") % {
                "problem": error.verify_message
            }
        case ssl.SSLError():
            return gettext_noop(
                "The TLS connection failed. Check that the receiver speaks HTTPS on this port."
            )
        case socket.gaierror():
            return gettext_noop("The host name was not found.")
    problem = error.strerror or type(error).__name__
    return gettext_noop("The connection failed: %(problem)s.") % {"problem": problem}


def _shut_down(connection: HTTPConnection, has_expired: Event) -> None:
    has_expired.set()
    with contextlib.suppress(OSError, AttributeError):  # not connected, or closed already
        connection.sock.shutdown(socket.SHUT_RDWR)
