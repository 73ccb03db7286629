from ipaddress import ip_network

import pytest
from pytest_django.fixtures import Settings

from classifier.webhooks.addresses import INTERNAL_ERROR, METADATA_ERROR, explain_refusal


@pytest.mark.parametrize(
    "host",
    ["receiver", "example.org", "93.184.215.14", "2606:2800:21f::1", "2002:5db8:d70e::1"],
)
def test_name_or_public_address_is_allowed(host: str) -> None:
    assert explain_refusal(host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254"),
        *("168.63.129.16", "100.100.100.200", "192.0.0.192"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "64:ff9b::a83f:8110"),
    ],
)
def test_address_of_cloud_credentials_is_always_refused(host: str, settings: Settings) -> None:
    settings.WEBHOOK_INTERNAL_NETWORKS = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert explain_refusal(host) == METADATA_ERROR


@pytest.mark.parametrize(
    "host",
    [
        *("10.1.2.3", "192.168.0.1", "172.16.0.1", "100.64.0.1", "::1", "fd12:3456::1"),
        *("::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:a01:203::1", "::ffff:127.0.0.1"),
    ],
)
def test_internal_address_is_refused_unless_listed(host: str, settings: Settings) -> None:
    settings.WEBHOOK_INTERNAL_NETWORKS = []
    assert explain_refusal(host) == INTERNAL_ERROR

    settings.WEBHOOK_INTERNAL_NETWORKS = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert explain_refusal(host) is None
