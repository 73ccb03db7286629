"""Passkeys (WebAuthn): the options that browsers need, and the verification of their answers.

A challenge is a signed time, so it needs no session. A passkey accepts only newer challenges than
its last one, so that an answer is valid once.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import Signer
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from classifier.errors import RuleBroken
from classifier.models import Passkey

SALT = "classifier.access.passkeys"
CHALLENGE_AGE = timedelta(hours=1)
MAX_ANSWER_LENGTH = 16 * 1024
MAX_ID_LENGTH = 1023  # of a credential (WebAuthn)
MAX_NAME_LENGTH = 64


class PasskeyRefused(RuleBroken):
    """The answer of the browser is malformed, wrong, too old or used.

    `owner` is the user of the passkey, if it is known.
    """

    def __init__(self, owner: User | None = None) -> None:
        super().__init__(gettext("This passkey was not accepted. Try again."))
        self.owner = owner


def find_obstacle(request: HttpRequest) -> str:
    """Return why passkeys can't be used at the address of this request, or ""."""
    host = _get_host(request)
    if _is_ip_address(host):
        return gettext(
            "Passkeys need a host name. Open the site by its name, on this machine localhost."
        )
    if host not in map(str.lower, settings.ALLOWED_HOSTS):
        return gettext("Passkeys need the name of this site in ALLOWED_HOSTS, without a wildcard.")
    if not request.is_secure() and host.rpartition(".")[2] != "localhost":
        return gettext("Passkeys need HTTPS.")
    return ""


def _get_host(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def list_passkeys(request: HttpRequest, user: User | None = None) -> QuerySet[Passkey]:
    """Return the passkeys for the address of this request, those of the user if given."""
    passkeys: QuerySet[Passkey] = Passkey.objects.filter(host=_get_host(request))
    return passkeys.filter(user=user) if user else passkeys


def build_creation_options(request: HttpRequest, user: User) -> str:
    """Return the JSON with which a browser creates a passkey; "" where it can't."""
    if find_obstacle(request):
        return ""
    options, _ = _build_server(request).register_begin(
        _describe_user(user),
        [_read_credential(passkey) for passkey in list_passkeys(request, user)],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_issue_challenge(),
    )
    return json.dumps(dict(options.public_key))


def _describe_user(user: User) -> PublicKeyCredentialUserEntity:
    name = user.get_username()
    return PublicKeyCredentialUserEntity(
        id=salted_hmac(SALT, str(user.pk), algorithm="sha256").digest(),
        name=name,
        display_name=user.get_full_name() or name,
    )


def enrol(request: HttpRequest, user: User, answer: str, name: str) -> Passkey:
    """Store the passkey that a browser has created. Raise PasskeyRefused."""
    with _refuse_malformed(answer):
        registration = RegistrationResponse.from_dict(json.loads(answer))
        challenge = registration.response.client_data.challenge
        issued_at = _read_challenge(challenge)
        server = _build_server(request)
        _, state = server.register_begin(_describe_user(user), challenge=challenge)
        credential = server.register_complete(state, registration).credential_data
        if credential is None:
            raise ValueError("The answer has no credential.")
        with suppress(InvalidSignature):  # a malformed or unknown key raises something else
            credential.public_key.verify(b"", b"")
        if len(credential.credential_id) > MAX_ID_LENGTH:
            raise ValueError("The id of the passkey is too long.")
    passkey: Passkey
    passkey, is_new = Passkey.objects.get_or_create(
        credential_id=credential.credential_id,
        defaults={
            "user": user,
            "name": name.replace("\0", "").strip()[:MAX_NAME_LENGTH] or gettext("Passkey"),
            "host": _get_host(request),
            "credential": bytes(credential),
            "last_used_at": issued_at,
        },
    )
    if not is_new:
        raise PasskeyRefused
    return passkey


def build_request_options(request: HttpRequest, user: User | None = None) -> str:
    """Return the JSON with which a browser requests a passkey, one of the user if given.

    Return "" if there is none for this address.
    """
    passkeys = list_passkeys(request, user)
    if find_obstacle(request) or not passkeys.exists():
        return ""
    options, _ = _build_server(request).authenticate_begin(
        [_read_credential(passkey) for passkey in passkeys] if user else None,
        _choose_user_verification(user),
        challenge=_issue_challenge(),
    )
    return json.dumps(dict(options.public_key))


def verify(request: HttpRequest, answer: str, user: User | None = None) -> Passkey:
    """Return the passkey that signed the answer, one of the user if given. Raise PasskeyRefused.

    Without a user, the passkey replaces the password too, so the device has to have verified the
    person, for example by a PIN.
    """
    with _refuse_malformed(answer):
        authentication = AuthenticationResponse.from_dict(json.loads(answer))
        challenge = authentication.response.client_data.challenge
        issued_at = _read_challenge(challenge)
    found = list_passkeys(request, user).filter(credential_id=authentication.raw_id)
    passkey: Passkey | None = found.select_related("user").first()
    if passkey is None:
        raise PasskeyRefused
    with _refuse_malformed(answer, passkey.user):
        server = _build_server(request)
        _, state = server.authenticate_begin(
            user_verification=_choose_user_verification(user), challenge=challenge
        )
        server.authenticate_complete(state, [_read_credential(passkey)], authentication)
    _record_use(passkey, issued_at, authentication.response.authenticator_data.counter)
    return passkey


def _record_use(passkey: Passkey, issued_at: datetime, count: int) -> None:
    """Raise PasskeyRefused for an answer that is used, or of a copy of the passkey."""
    is_newer = Q(last_used_at__lt=issued_at)
    if count or passkey.sign_count:  # not all devices count
        is_newer &= Q(sign_count__lt=count)
    unused = Passkey.objects.filter(is_newer, pk=passkey.pk)
    if not unused.update(last_used_at=issued_at, sign_count=count):
        raise PasskeyRefused(passkey.user)


def _choose_user_verification(user: User | None) -> UserVerificationRequirement:
    if user:
        return UserVerificationRequirement.PREFERRED
    return UserVerificationRequirement.REQUIRED


def _build_server(request: HttpRequest) -> Fido2Server:
    origins = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    site = PublicKeyCredentialRpEntity(id=_get_host(request), name="mnistsite")
    return Fido2Server(site, verify_origin=origins.__contains__)


def _read_credential(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.credential))


def _issue_challenge() -> bytes:
    microseconds = time.time_ns() // 1000
    return Signer(salt=SALT).sign(f"{microseconds}.{get_random_string(22)}").encode()


def _read_challenge(challenge: bytes) -> datetime:
    """Return when a challenge was issued. Raise ValueError or BadSignature."""
    microseconds = Signer(salt=SALT).unsign(challenge.decode()).partition(".")[0]
    issued_at = datetime.fromtimestamp(int(microseconds) / 1e6, UTC)
    if datetime.now(UTC) - issued_at > CHALLENGE_AGE:
        raise ValueError("The challenge has expired.")
    return issued_at


@contextmanager
def _refuse_malformed(answer: str, owner: User | None = None) -> Iterator[None]:
    """Raise PasskeyRefused for any error, because fido2 raises many kinds for malformed answers."""
    try:
        if len(answer) > MAX_ANSWER_LENGTH:
            raise ValueError("The answer is too long.")
        yield
    except Exception as error:
        raise PasskeyRefused(owner) from error
