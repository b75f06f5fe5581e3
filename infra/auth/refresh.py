"""Refresh tokens: a session's id, a secret and a tag, such that each token has one successor that only doors can tell.

A token is `annal_rt_` and, in base64url (RFC 4648), the 16 bytes of the session's UUID, 24 secret bytes and a tag of 8.
The successor's secret is an HMAC of both with a key of the doors', so a door that is asked twice answers the same and
keeps nothing. The tag tells what was never given out. Nobody but the client has the secret: sessions know digests.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import NamedTuple
from uuid import UUID

PREFIX = "annal_rt_"

_SESSION_BYTES, _SECRET_BYTES, _TAG_BYTES = 16, 24, 8
# These 48 bytes fill 64 characters, so each token is written in one way.
_TOKEN = re.compile(PREFIX + "([A-Za-z0-9_-]{64})")


class Refresh(NamedTuple):
    """What a token says: the session, as a canonical UUID, and the SHA-256 of its secret, in hexadecimal."""

    session_id: str
    digest: str


class RefreshTokens:
    """Makes and reads tokens with the doors' key; all doors have the same one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def first(self, session_id: str) -> str:
        """Give the token with which a session begins, by chance. Raises ValueError for an id that is no UUID."""
        return self._write(UUID(session_id).bytes, secrets.token_bytes(_SECRET_BYTES))

    def following(self, token: str) -> str:
        """Give the successor of a token, which is always the same. Raises ValueError for what was never given out."""
        session, secret = self._opened(token)
        return self._write(session, self._keyed(b"following", session, secret)[:_SECRET_BYTES])

    def digest(self, token: str) -> str:
        """Give the SHA-256 of a token's secret, in hexadecimal. Raises ValueError for what was never given out."""
        _, secret = self._opened(token)
        return _digest(secret)

    def read(self, token: str) -> Refresh | None:
        """Say what a token says; None if it was never given out."""
        try:
            session, secret = self._opened(token)
        except ValueError:
            return None
        return Refresh(str(UUID(bytes=session)), _digest(secret))

    def _write(self, session: bytes, secret: bytes) -> str:
        return PREFIX + base64.urlsafe_b64encode(session + secret + self._tag(session, secret)).decode()

    def _opened(self, token: str) -> tuple[bytes, bytes]:
        if written := _TOKEN.fullmatch(token):
            raw = base64.urlsafe_b64decode(written[1])
            session, secret = raw[:_SESSION_BYTES], raw[_SESSION_BYTES:-_TAG_BYTES]
            if hmac.compare_digest(raw[-_TAG_BYTES:], self._tag(session, secret)):
                return session, secret
        raise ValueError("This token was never given out.")

    def _tag(self, session: bytes, secret: bytes) -> bytes:
        return self._keyed(b"tag", session, secret)[:_TAG_BYTES]

    def _keyed(self, purpose: bytes, session: bytes, secret: bytes) -> bytes:
        return hmac.digest(self._key, purpose + session + secret, hashlib.sha256)


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
