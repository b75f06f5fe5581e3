"""Bytes as text that goes anywhere: base64url without padding (RFC 4648, section 5), in one spelling only."""

import base64


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Give the bytes that `encode` wrote. Raises ValueError for any other spelling of them, and for anything else."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise ValueError("This is not base64url as it is written here.")
    return raw
