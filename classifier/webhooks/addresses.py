"""Addresses that webhooks may reach.

Public addresses are allowed, and internal ones if WEBHOOK_INTERNAL_NETWORKS lists them. Addresses
where cloud machines get their credentials are never allowed.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

# They belong to AWS, Google, Azure, Oracle and Alibaba.
METADATA_NETWORKS = [
    ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::254",
        "fd20:ce::254",
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
    )
]
NAT64 = ip_network("64:ff9b::/96")
METADATA_ERROR = gettext_noop("Cloud machines get credentials from this address. Use another one.")
INTERNAL_ERROR = gettext_noop(
    "This address is internal. Use a public one, or ask the operator to list its network in "
    "WEBHOOK_INTERNAL_NETWORKS."
)


def explain_refusal(host: str) -> str | None:
    """Return a message for staff if webhooks must not reach a host, else None.

    A name is never refused, because it may lead elsewhere by the time of a request.
    """
    try:
        address = _extract_ipv4(ip_address(host))
    except ValueError:
        return None
    if any(address in network for network in METADATA_NETWORKS):
        return gettext(METADATA_ERROR)
    if address.is_global or any(
        address in network for network in settings.WEBHOOK_INTERNAL_NETWORKS
    ):
        return None
    return gettext(INTERNAL_ERROR)


def _extract_ipv4(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address embeds (mapped, 6to4, NAT64), or itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
