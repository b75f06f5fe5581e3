"""Says of each request who asks: reads its token or key, and takes away what is no longer theirs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from infra.auth import CHALLENGE, Caller, apikeys
from infra.auth.issuers import Issuers
from infra.auth.known import Known
from infra.auth.recent import Recent
from infra.auth.tokens import AccessTokens, Claims
from infra.auth.vault import Erased, Vault
from schemas.message import Actor
from schemas.problems import Problem
from schemas.rights import permitted

KEYS_REMEMBERED = 10_000
REMEMBERED_FOR = 60.0
"""Seconds a key is believed to be as it was read: less than changes are known for."""

CALLERS_REMEMBERED = 20_000
ADDRESSES_REMEMBERED = 20_000

ANONYMOUS = "anonymous"
"""The actor of what is asked without credentials."""

DEV = "dev"
"""The session of tokens that anybody gets for any name, where that is allowed."""


class KeyRow(NamedTuple):
    """A key and its account, as the read models have them; times in milliseconds since 1970 UTC."""

    key_id: str
    account_id: str
    secret: str
    before: str | None
    before_until: int | None
    scopes: tuple[str, ...]
    expires: int | None
    per_minute: int | None
    revoked: bool
    status: str
    roles: tuple[str, ...]


FindKey = Callable[[str], Awaitable[KeyRow | None]]
"""Finds a key by the digest of its secret, or of the one before."""


class Recognized(NamedTuple):
    """Who showed a token of ours, what it says, and how many changes were known then."""

    caller: Caller
    claims: Claims
    changes: int


@dataclass(slots=True)
class Remembered:
    """A key as it was read at a time of the loop's clock."""

    row: KeyRow
    read_at: float


class Doorkeeper:
    """Knows callers by what they show. Used keys are noted in `used`, with the time in milliseconds, until taken."""

    def __init__(self, tokens: AccessTokens, issuers: Issuers, known: Known, vault: Vault, find_key: FindKey) -> None:
        self.used: dict[str, int] = {}
        self.play = False
        """Whether tokens that anybody gets for any name are good at this door."""
        self._tokens = tokens
        self._issuers = issuers
        self._known = known
        self._vault = vault
        self._find_key = find_key
        self._callers: Recent[tuple[str, str | None], Recognized] = Recent(CALLERS_REMEMBERED)
        self._keys: Recent[str, Remembered] = Recent(KEYS_REMEMBERED)
        self._addresses: Recent[tuple[str, str], str] = Recent(ADDRESSES_REMEMBERED)

    async def who(self, authorization: str, network: str | None) -> Caller:
        """Say who shows these credentials, from this network address. Raises Problem."""
        found = self._callers.get((authorization, network))
        if found is not None and found.changes == self._known.changes and self._tokens.live(found.claims):
            return found.caller
        scheme, _, shown = authorization.partition(" ")
        shown = shown.strip()
        if scheme.lower() != "bearer" or not shown:
            told = "Send `Authorization: Bearer` with an access token or an API key."
            raise Problem("token_invalid", told, headers=CHALLENGE)
        if not await self._known.ready():
            told = "This door does not know yet who may ask; ask again in a moment."
            raise Problem("not_ready", told, headers={"Retry-After": "1"})
        if shown.startswith(apikeys.PREFIX):
            return await self._by_key(shown, network)
        return await self._by_token(authorization, shown, network)

    async def actor(self, account_id: str, via: str | None, network: str | None) -> Actor:
        """Give an actor with the network address sealed, which is personal too. Raises Problem."""
        if network is None:
            return Actor(id=account_id, via=via)
        place = (account_id, network)
        sealed = self._addresses.get(place)
        if sealed is None:
            try:
                sealed = (await self._vault.person(account_id)).seal("network", network)
            except Erased:
                raise _ended() from None
            self._addresses.keep(place, sealed)
        return _actor(account_id, via, sealed)

    async def _by_token(self, authorization: str, shown: str, network: str | None) -> Caller:
        claims = await self._issuers.read(shown)
        if claims is not None:
            return await self._caller(claims, claims.roles, f"issuer:{claims.session}", network)
        claims = self._tokens.read(shown)
        if claims.session == DEV and not self.play:
            raise Problem("token_invalid", "This token is for play, and this door is not.", headers=CHALLENGE)
        known, account_id, changes = self._known, claims.account, self._known.changes
        if known.ended(claims.session) or known.generation(account_id, claims.generation) > claims.generation:
            raise _ended()
        require_active(known.status(account_id, "active"))
        roles = known.roles_of(account_id, claims.roles)
        caller = await self._caller(claims, roles, f"session:{claims.session}", network)
        self._callers.keep((authorization, network), Recognized(caller, claims, changes))
        return caller

    async def _caller(self, claims: Claims, roles: tuple[str, ...], via: str, network: str | None) -> Caller:
        actor = await self.actor(claims.account, via, network)
        return Caller(actor, (permitted(roles, self._known.roles),), session=claims.session)

    async def _by_key(self, shown: str, network: str | None) -> Caller:
        digest = apikeys.read(shown)
        row = await self._key(digest) if digest is not None else None
        if digest is None or row is None or not self._opens(row, digest):
            told = "This API key does not work: it is mistyped, expired or revoked; make another one."
            raise Problem("key_invalid", told, headers=CHALLENGE)
        known, account_id = self._known, row.account_id
        require_active(known.status(account_id, row.status))
        roles = known.roles_of(account_id, row.roles)
        self.used[row.key_id] = _now()
        actor = await self.actor(account_id, f"key:{row.key_id}", network)
        grants = (permitted(roles, known.roles), frozenset(row.scopes))
        return Caller(actor, grants, key=row.key_id, per_minute=row.per_minute)

    async def _key(self, digest: str) -> KeyRow | None:
        now = asyncio.get_running_loop().time()
        found = self._keys.get(digest)
        if found is not None and now - found.read_at <= REMEMBERED_FOR:
            return found.row
        row = await self._find_key(digest)
        # A secret that no key has may be one's in a moment: that is not remembered.
        if row is not None:
            self._keys.keep(digest, Remembered(row, now))
        return row

    def _opens(self, row: KeyRow, digest: str) -> bool:
        """Say whether a secret opens its key now, whatever the read model has not heard yet."""
        secret, before, before_until, revoked = row.secret, row.before, row.before_until, row.revoked
        change = self._known.key(row.key_id)
        if change is not None:
            revoked = revoked or change.revoked
            if change.secret is not None:
                secret, before, before_until = change.secret, change.before, change.before_until
        now = _now()
        if revoked or (row.expires is not None and row.expires <= now):
            return False
        return digest == secret or (digest == before and (before_until or 0) > now)


def require_active(status: str) -> None:
    """Raise Problem unless an account with this status may ask."""
    if status != "active":
        raise Problem("account_not_active", "This account is suspended or closed; ask an administrator.")


def _ended() -> Problem:
    return Problem("session_ended", "This session has ended; sign in again.", headers=CHALLENGE)


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _actor(account_id: str, via: str | None, sealed: str) -> Actor:
    return Actor(id=account_id, via=via, address=sealed)


def _now() -> int:
    return time.time_ns() // 1_000_000


def network_of(scope: Any) -> str | None:
    """Give the network address that a request came from."""
    client = scope.get("client")
    return client[0] if client else None
