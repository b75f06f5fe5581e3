"""Recovery codes: ten of them, each good for one sign-in without the authenticator."""

import base64
import secrets
from hashlib import sha256

from schemas.totp import RECOVERY_CODES

BYTES = 10
"""Random bytes of a code: 80 bits, which nobody guesses, so that a plain digest keeps them."""


def recovery_codes() -> list[str]:
    """Make ten codes, in four groups of four letters and digits each."""
    codes = (base64.b32encode(secrets.token_bytes(BYTES)).decode() for _ in range(RECOVERY_CODES))
    return ["-".join(code[n : n + 4] for n in range(0, len(code), 4)) for code in codes]


def recovery_digest(code: str) -> str:
    """Give the digest of a code, however it is grouped and in whichever case."""
    return sha256(code.replace("-", "").replace(" ", "").upper().encode()).hexdigest()
