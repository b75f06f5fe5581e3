"""Access tokens of other issuers, which are configured: whose they are, what they say, and who that is here."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import aiohttp
import jwt
from jwt.types import Options
from pydantic import TypeAdapter, ValidationError

from infra.auth.jwks import Keys
from infra.auth.tokens import Claims, expired, header_of, invalid, readable
from infra.settings import Issuer, Unusable
from schemas.message import Subject

LEEWAY = 5.0
"""Seconds by which another's clock may be ahead of ours."""

TYPES = {"jwt", "at+jwt", "application/at+jwt"}
"""What a token may say it is: tokens for other ends say so, if they can be mistaken at all (RFC 8725, section 3.11)."""

ACCOUNTS = UUID("b7a1b0c6-3f0d-5c0e-9d55-0b6a6a3ed6c1")
"""The namespace of accounts whose own names cannot be ids here."""

_CHECKS: Options = {
    "require": ["iss", "aud", "exp", "sub"],
    "verify_exp": False,
    "enforce_minimum_key_length": True,
}
_subject = TypeAdapter(Subject)


class Issuers:
    """Reads tokens of other issuers. `now` gives the seconds since 1970. Raises Unusable for keys in the clear."""

    def __init__(self, issuers: Sequence[Issuer], now: Callable[[], float] = time.time) -> None:
        for issuer in issuers:
            _require_safe(issuer)
        self._now = now
        self._issuers = {issuer.issuer: (issuer, Keys(issuer.jwks_url, self._http, now)) for issuer in issuers}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def read(self, token: str) -> Claims | None:
        """Give what a token says; None if none of the issuers says to have issued it. Raises Problem.

        The account is `<name of the issuer>:<sub>`, or a UUID made of both where that cannot be an id. The session is
        the name of the issuer.
        """
        if not self._issuers or not readable(token):
            return None
        try:
            said = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        found = self._issuers.get(said["iss"]) if isinstance(said.get("iss"), str) else None
        if found is None:
            return None
        issuer, keys = found
        return self._claims(issuer, await _verified(token, issuer, keys))

    def _claims(self, issuer: Issuer, said: dict[str, Any]) -> Claims:
        if type(said["exp"]) is not int or not said["sub"]:
            raise invalid()
        if said["exp"] <= self._now():
            raise expired()
        return Claims(
            account=_account(issuer, said["sub"]),
            session=issuer.name,
            roles=_roles(issuer, said.get(issuer.roles_claim)),
            jti=said.get("jti", ""),
            expires=said["exp"],
        )

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, headers={"Accept-Encoding": "identity"})
        return self._session


async def _verified(token: str, issuer: Issuer, keys: Keys) -> dict[str, Any]:
    header = header_of(token)
    key = await keys.key(header.kid) if (header.typ or "jwt").lower() in TYPES else None
    if key is None:
        raise invalid()
    try:
        # PyJWT takes times that are text; of those only `exp` matters, and is looked at again.
        said: dict[str, Any] = jwt.decode(
            token,
            key.public,
            key.algorithms,
            _CHECKS,
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=LEEWAY,
        )
    except jwt.PyJWTError:
        raise invalid() from None
    return said


def _account(issuer: Issuer, sub: str) -> str:
    try:
        return _subject.validate_python(f"{issuer.name}:{sub}")
    except ValidationError:
        return str(uuid5(ACCOUNTS, f"{issuer.name}:{sub}"))


def _roles(issuer: Issuer, said: object) -> tuple[str, ...]:
    """Give our roles for their words, which are a list, or text with spaces between; other words give none."""
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    return tuple(sorted({issuer.roles[word] for word in words if isinstance(word, str) and word in issuer.roles}))


def _require_safe(issuer: Issuer) -> None:
    where = urlsplit(issuer.jwks_url)
    local = where.hostname in ("localhost", "127.0.0.1", "::1")
    if not where.hostname or not (where.scheme == "https" or (where.scheme == "http" and local)):
        raise Unusable(f"ANNAL_ISSUERS cannot be used: let the jwks_url of {issuer.name} begin with https://.")
