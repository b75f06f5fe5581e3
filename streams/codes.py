"""Recovery codes: ten of them, each good for one sign-in without the authenticator."""

import base64
from hashlib import sha256

BYTES = 15
"""Random bytes of a code: 120 bits, which nobody guesses, so that a plain digest keeps them."""


def recovery_code(chance: bytes) -> str:
    """Write random bytes as a code: groups of four letters and digits each."""
    code = base64.b32encode(chance).decode()
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def recovery_digest(code: str) -> str:
    """Give the digest of a code, however it is grouped and in whichever case."""
    return sha256(code.replace("-", "").replace(" ", "").upper().encode()).hexdigest()
