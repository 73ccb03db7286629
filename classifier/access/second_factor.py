"""The second factor of staff: an authenticator app (TOTP), passkeys, and recovery codes."""

import re
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import user_logged_in
from django.contrib.auth.models import User
from django.db import transaction
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django_otp import login, verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from classifier.models import AppDevice, Passkey

RECOVERY_CODES = 10
CODE_SALT = "classifier.access.second_factor"
APP_CODE = re.compile(r"[0-9]{6}")
CONFIRMED_FOR_S = 10 * 60
HAS_FACTOR, CONFIRMED_AT = "has_second_factor", "second_factor_at"

# Sent with the `request`, the `user` and the `factor` of a login that was refused.
login_refused = Signal()


@receiver(user_logged_in)
def record_factor(request: HttpRequest, user: User, **_: Any) -> None:
    """Record in the session that its user has a second factor, which saves a query per request."""
    request.session[HAS_FACTOR] = has_second_factor(user)


def is_missing(request: HttpRequest, user: Any) -> bool:
    """Return whether a user who is logged in still has to enter a code."""
    if not user.is_authenticated or not user.is_staff or user.is_verified():
        return False
    return bool(settings.REQUIRE_SECOND_FACTOR or request.session.get(HAS_FACTOR))


def has_second_factor(user: User) -> bool:
    return has_app(user) or Passkey.objects.filter(user=user).exists()


def has_app(user: User) -> bool:
    return bool(AppDevice.objects.filter(user=user, confirmed=True).exists())


def get_new_device(user: User) -> AppDevice:
    """Return the app that the user is setting up."""
    new = {"user": user, "confirmed": False}
    device: AppDevice = AppDevice.objects.filter(**new).first() or AppDevice.objects.create(
        **new, name="app"
    )
    return device


def enrol_app(request: HttpRequest, user: User, code: str) -> bool:
    """Confirm the new app by its first code, and return whether the code is right."""
    device = get_new_device(user)
    with transaction.atomic():
        if not verify_token(user, device.persistent_id, _normalize(code)):
            return False
        AppDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
        AppDevice.objects.filter(pk=device.pk).update(confirmed=True)
    device.refresh_from_db()
    record_success(request, user, device)
    return True


def create_recovery_codes(user: User) -> list[str]:
    """Replace the user's recovery codes, each of which is valid once."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        [StaticToken(device=device, token=_hash_code(code)) for code in codes]
    )
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def count_recovery_codes(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def verify(request: HttpRequest, user: User, code: str) -> bool:
    """Check a code of the app or a recovery code. After a wrong one, the next has to wait."""
    code = _normalize(code)
    model = AppDevice
    if not APP_CODE.fullmatch(code):
        model, code = StaticDevice, _hash_code(code)
    device = model.objects.filter(user=user, confirmed=True).first()
    if device is None or not verify_token(user, device.persistent_id, code):
        return False
    record_success(request, user, device)
    return True


def _hash_code(code: str) -> str:
    """Return the hash that is stored instead of a recovery code, 16 characters long."""
    return salted_hmac(CODE_SALT, code, algorithm="sha256").hexdigest()[:16]


def _normalize(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()[:16].replace("\0", "")


def record_success(request: HttpRequest, user: User, device: Device) -> None:
    """Open the session of a user who has used this device."""
    request.user = user
    login(request, device)
    request.session[HAS_FACTOR] = True
    request.session[CONFIRMED_AT] = int(time.time())
    request.session.cycle_key()


def get_wait_s(user: User) -> int:
    """Return for how many seconds further codes are refused after wrong ones."""
    waits = [0]
    for model in (AppDevice, StaticDevice):
        for device in model.objects.filter(user=user):
            is_allowed, details = device.verify_is_allowed()
            if not is_allowed:
                left_s: float = details["locked_until"].timestamp() - time.time()
                waits.append(int(left_s) + 1)
    return max(waits)


def needs_confirmation(request: HttpRequest) -> bool:
    """Return whether the second factor was entered too long ago for a sensitive action."""
    confirmed_at: float = request.session.get(CONFIRMED_AT, 0)
    is_old = time.time() - confirmed_at > CONFIRMED_FOR_S
    return is_old and bool(request.session.get(HAS_FACTOR))


def remove_device(request: HttpRequest, user: User, device: Device) -> bool:
    """Remove an app or a passkey, and return False if it is the last one and has to stay.

    The recovery codes are deleted with the last one.
    """
    others = [other for other in list_devices(user) if other != device]
    if not others and settings.REQUIRE_SECOND_FACTOR:
        return False
    if others:
        device.delete()
        login(request, others[0])  # the removed one may have opened the session
    else:
        remove(user)
    request.session[HAS_FACTOR] = bool(others)
    return True


def list_devices(user: User) -> list[Device]:
    """Return the apps and passkeys of a user."""
    apps = AppDevice.objects.filter(user=user, confirmed=True)
    return [*apps, *Passkey.objects.filter(user=user).order_by("pk")]


def remove(user: User) -> bool:
    """Delete a user's second factors with the codes, and return whether there was one."""
    devices, _ = AppDevice.objects.filter(user=user).delete()
    passkeys, _ = Passkey.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    return bool(devices or passkeys)
