"""Typed readers of environment variables. Each raises ImproperlyConfigured for a wrong value."""

import os
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
CONTACT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)")
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?")

# The variables that are set, without secrets, for the audit log.
settings: dict[str, str] = {}


def string(name: str, default: str = "") -> str:
    value = os.environ.get(name, "").strip()
    if value:
        settings[name] = value
    return value or default


def boolean(name: str, default: bool) -> bool:
    value = string(name).lower()
    if not value:
        return default
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r} is not a boolean. Use 1 or 0.")
    return value in TRUE


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    value = string(name) or str(default)
    if not value.isdecimal() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number of at least {minimum}.")
    return int(value)


def one_of(name: str, default: str, choices: Sequence[str]) -> str:
    value = string(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(choices)}.")
    return value


def items(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in string(name, default).split(",") if item.strip()]


def origins(name: str) -> list[str]:
    """Return web origins: a scheme, a host and perhaps a port, as browsers send them."""
    values = items(name)
    for origin in values:
        if not ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(
                f"{name}: {origin!r} is not an origin. Use one like https://example.org."
            )
    return values


def contact(name: str) -> str:
    """Return an address for messages, such as mailto:security@example.org, or ""."""
    value = string(name)
    if value and not CONTACT.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name}={value!r} is not a contact. Use mailto:security@example.org or https://…"
        )
    return value


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return networks in CIDR notation; a single address is a network too."""
    try:
        return [ip_network(item) for item in items(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. Use networks like 10.0.0.0/8, separated by commas."
        ) from error


def path(name: str, default: Path) -> Path:
    return Path(string(name) or default).expanduser().resolve()


def secret(name: str) -> str:
    """Return the variable, the content of the file in NAME_FILE, or "" if neither is set."""
    value, file = string(name), string(f"{name}_FILE")
    settings.pop(name, None)
    if value and file:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not file:
        return value
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={file!r} can't be read: {error}") from error
