"""An address is public if it is anybody's on the Internet, however it is written."""

import pytest

from infra.network import is_public


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing listens there
        "10.1.2.3",
        "100.64.0.1",  # of a carrier
        "127.0.0.1",
        "169.254.169.254",  # where clouds tell machines their secrets
        "172.16.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",  # 10.0.0.1 through NAT64
        "2002:a00:1::",  # 10.0.0.1 through 6to4
        "2001:0:a00:1::",  # through Teredo
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)
