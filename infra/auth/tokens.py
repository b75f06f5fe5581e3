"""Access tokens: JWTs for ten minutes (RFC 9068), signed with ES256, read once and remembered until they expire."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

import jwt
from jwt.types import Options

from infra.auth import base64url
from infra.auth.recent import Recent
from infra.auth.signing import SigningKeys
from schemas.problems import Problem

LIFE = 600
"""Seconds that a token lives."""

ALGORITHM = "ES256"
TYPE = "at+jwt"
CLIENT = "annal"
"""Whom tokens are given to, as far as they say: the doors' own sign-in."""

LARGEST = 8 * 1024
REMEMBERED = 20_000

_CHECKS: Options = {
    "require": ["iss", "aud", "exp", "iat", "sub", "sid", "jti", "client_id"],
    # Whether it has expired is looked at each time; PyJWT would also take a time that is text.
    "verify_exp": False,
    "verify_iat": False,
    "strict_aud": True,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: who, in which session and generation, with which roles, signed in how; `expires` in seconds.

    New ones are of a token that lives from now on.
    """

    account: str
    session: str
    generation: int = 0
    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    jti: str = field(default_factory=lambda: str(uuid4()))
    expires: int = field(default_factory=lambda: int(time.time()) + LIFE)


class AccessTokens:
    """Issues and reads tokens of one issuer, for itself or for another `audience`; `now` gives seconds since 1970."""

    def __init__(
        self, keys: SigningKeys, issuer: str, audience: str | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience or issuer
        self._now = now
        self._read: Recent[str, Claims] = Recent(REMEMBERED)

    def issue(self, claims: Claims) -> str:
        kid, private = self._keys.current()
        said = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": claims.account,
            "sid": claims.session,
            "gen": claims.generation,
            "roles": claims.roles,
            "amr": claims.methods,
            "jti": claims.jti,
            "client_id": CLIENT,
            "iat": int(self._now()),
            "exp": claims.expires,
        }
        return jwt.encode(said, private, ALGORITHM, {"typ": TYPE, "kid": kid})

    def read(self, token: str) -> Claims:
        """Give what a token says, if it is one of ours. Raises Problem."""
        claims = self._read.get(token)
        if claims is None:
            claims = self._verified(token)
            self._read.keep(token, claims)
        if not self.live(claims):
            self._read.forget(token)
            raise expired()
        return claims

    def live(self, claims: Claims) -> bool:
        return claims.expires > self._now()

    def _verified(self, token: str) -> Claims:
        header = header_of(token)
        public = self._keys.public(header.kid) if header.typ == TYPE else None
        if public is None:
            raise invalid()
        try:
            said: dict[str, Any] = jwt.decode(
                token, public, [ALGORITHM], _CHECKS, audience=self._audience, issuer=self._issuer
            )
        except jwt.PyJWTError:
            raise invalid() from None
        return _claims(said)


def _claims(said: dict[str, Any]) -> Claims:
    """Give the claims if they are of the types that we write."""
    texts, numbers = [said["sub"], said["sid"], said["jti"]], [said["exp"], said["iat"], said.get("gen")]
    lists = [said.get("roles"), said.get("amr")]
    if not (
        all(isinstance(each, str) for each in texts)
        and all(type(each) is int for each in numbers)
        and all(isinstance(each, list) and all(isinstance(word, str) for word in each) for each in lists)
    ):
        raise invalid()
    return Claims(
        account=said["sub"],
        session=said["sid"],
        generation=said["gen"],
        roles=tuple(said["roles"]),
        methods=tuple(said["amr"]),
        jti=said["jti"],
        expires=said["exp"],
    )


class Header(NamedTuple):
    """What kind of token it says to be, and which key verifies it."""

    typ: str | None
    kid: str


def header_of(token: str) -> Header:
    """Give the header of a token, of which nothing is verified. Raises Problem."""
    if not readable(token):
        raise invalid()
    return _header(token.partition(".")[0])


@lru_cache(maxsize=100)
def _header(text: str) -> Header:
    """Read a header, which all tokens of one key have alike."""
    try:
        # PyJWT would read all of the token for this, and once more to verify it.
        header = json.loads(base64url.decode(text))
    except (ValueError, RecursionError):
        raise invalid() from None
    typ, kid = (header.get("typ"), header.get("kid")) if isinstance(header, dict) else (None, None)
    if not isinstance(kid, str) or not isinstance(typ, str | None):
        raise invalid()
    return Header(typ, kid)


def readable(token: str) -> bool:
    """Say whether a token is worth looking at."""
    return len(token) <= LARGEST and token.isascii()


def expired() -> Problem:
    return Problem("token_expired", "This access token has expired; refresh it, or sign in again.", headers=_CHALLENGE)


def invalid() -> Problem:
    return Problem("token_invalid", "This access token is not good here; sign in again.", headers=_CHALLENGE)


_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
