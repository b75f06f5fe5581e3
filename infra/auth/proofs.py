"""Tokens that are sent by mail: whoever shows one reads that mail. Only their digests and sealed texts are stored.

A token names its account and its address by themselves, so that a door finds whom it is about without looking it up.
"""

import hashlib
import re
import secrets
from typing import Literal, NamedTuple, get_args

from infra.auth import base64url

Purpose = Literal["verify", "reset", "change_old", "change_new"]
"""To prove an address, to set a password, and for a change of address the old one's part and the new one's."""

RANDOM_BYTES = DIGEST_BYTES = 32
LONGEST_TOKEN = 500

_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_ACCOUNT = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}")


class ProofToken(NamedTuple):
    """What a token says of itself; whether that is true says its digest alone."""

    account_id: str
    purpose: Purpose
    address: str


def make(account_id: str, purpose: Purpose, address: str, chance: bytes | None = None) -> str:
    """Make a token of 32 bytes of chance for an account and the digest of the address that it is sent to."""
    about = bytes([_PURPOSES.index(purpose)]) + bytes.fromhex(address) + account_id.encode()
    return base64url.encode((chance or secrets.token_bytes(RANDOM_BYTES)) + about)


def read(text: str) -> ProofToken | None:
    """Give what a token says of itself; None if it is none."""
    if len(text) > LONGEST_TOKEN:
        return None
    try:
        raw = base64url.decode(text)[RANDOM_BYTES:]
    except ValueError:
        return None
    account = raw[1 + DIGEST_BYTES :]
    if not _ACCOUNT.fullmatch(account) or raw[0] >= len(_PURPOSES):
        return None
    return ProofToken(account.decode(), _PURPOSES[raw[0]], raw[1 : 1 + DIGEST_BYTES].hex())


def digest(text: str) -> str:
    """Give the SHA-256 of a token, in hexadecimal: of all of it, so a token of one purpose is none of another."""
    return hashlib.sha256(text.encode()).hexdigest()
