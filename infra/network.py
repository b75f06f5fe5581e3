"""Network addresses as they are counted: one name for all that a caller can choose from, and that in disguise."""

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Final

Secret = Callable[[], Awaitable[bytes]]
"""Gives the bytes that all doors of a deployment share and nobody else has; what it raises means that it is away."""

OWN_BITS: Final = 64
"""Who has one address of IPv6 has as many as they like that begin with the same bits (RFC 6177)."""

DISGUISE_BYTES: Final = 16

_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""Where addresses of IPv4 are hidden that a gateway makes of these (RFC 6052)."""


@lru_cache(maxsize=10_000)
def neighbourhood(address: str | None) -> str:
    """Give what a network address is counted as: itself, or its part of the network where one caller has all of it."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, OWN_BITS), strict=False))


def is_public(address: str) -> bool:
    """Say whether an IP address is anybody's on the Internet: none of this machine, this network or a tunnel."""
    known = ipaddress.ip_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return is_public(str(known.ipv4_mapped))
        if known.sixtofour is not None or known.teredo is not None or known in _TRANSLATED:
            return False
    return known.is_global and not known.is_multicast


def disguised(secret: bytes, name: str) -> str:
    """Give the HMAC-SHA256 of a name in hexadecimal, cut: without a secret all addresses could be tried."""
    return hmac.digest(secret, name.encode(), hashlib.sha256)[:DISGUISE_BYTES].hex()
