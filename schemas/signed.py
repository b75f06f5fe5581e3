"""JSON that is signed: one form of it for each value, and Ed25519 signatures (RFC 8032) over that form."""

from typing import Annotated, Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import StringConstraints

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal, or the 32 bytes of a public key."""

Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


def canonical(value: Any) -> bytes:
    """Give JSON without spaces, its names in order: of text and integers it is the form of RFC 8785."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def key_of(seed: bytes) -> Ed25519PrivateKey:
    """Give the key that 32 secret bytes are."""
    return Ed25519PrivateKey.from_private_bytes(seed)


def name_of(private: Ed25519PrivateKey) -> str:
    """Give the public key in hexadecimal; by it a key is known."""
    return private.public_key().public_bytes_raw().hex()


def sign(private: Ed25519PrivateKey, purpose: str, value: Any) -> str:
    """Sign a value, in hexadecimal; what is signed for one purpose is nothing for another."""
    return private.sign(_signed(purpose, value)).hex()


def is_signed(key: str, purpose: str, value: Any, signature: str) -> bool:
    """Say whether the owner of a public key signed a value for a purpose."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), _signed(purpose, value))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(purpose: str, value: Any) -> bytes:
    return b"annal %s\n%s" % (purpose.encode(), canonical(value))
