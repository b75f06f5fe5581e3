"""The keys that sign access tokens: published before they sign and after they stopped, so that no door is surprised.

A key signs for 30 days. An hour before that the next one is made; doors look for new ones each minute.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from infra import telemetry
from infra.auth import base64url
from infra.auth.vault import Vault
from infra.ending import ended
from infra.postgres import Connection

SIGNS = 30 * 24 * 3600.0
PROPAGATION = 3600.0
GRACE = 3600.0
"""Seconds that a key signs, that it is published before, and after: longer than any token lives."""

RELOAD, SELDOM = 50.0, 5.0
"""Seconds between two looks for new keys, and the least between them, whatever unknown keys tokens name."""

ONE_AT_A_TIME = 7_215_203
"""The advisory lock that the makers of keys queue for; any number that nobody else uses."""

COORDINATE_BYTES = 32

log = telemetry.log(__name__)


class SigningKey(NamedTuple):
    """A key and when it signs, in seconds since 1970 UTC; `kid` is its thumbprint (RFC 7638)."""

    kid: str
    private: ec.EllipticCurvePrivateKey
    public: ec.EllipticCurvePublicKey
    active_from: float
    retired_at: float | None

    def published(self, now: float) -> bool:
        return self.retired_at is None or now < self.retired_at + GRACE


class _Row(NamedTuple):
    kid: str
    wrapped: bytes
    active_from: float
    retired_at: float | None


class SigningKeys:
    """The signing keys of the vault, made ahead. `now` gives the seconds since 1970 UTC."""

    def __init__(self, vault: Vault, now: Callable[[], float] = time.time) -> None:
        self._vault = vault
        self._now = now
        self._keys: dict[str, SigningKey] = {}
        self._unknown = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Have keys, and follow what becomes of them. Raises Problem while PostgreSQL is away."""
        await self.reload()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            await ended(self._following)

    def current(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        """Give the key that signs now, with its id."""
        key = self._current(self._now())
        return key.kid, key.private

    def public(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        """Give a key to verify with; for an unknown one look soon whether there is such a key."""
        key = self._keys.get(kid)
        if key is None:
            self._unknown.set()
        return key.public if key is not None and key.published(self._now()) else None

    def jwks(self) -> dict[str, Any]:
        """Give the published keys as a JWK set (RFC 7517): at least the one that signs."""
        now = self._now()
        published = {self._current(now).kid: None} | {
            key.kid: None for key in self._keys.values() if key.published(now)
        }
        about = {"use": "sig", "alg": "ES256"}
        return {"keys": [{**_jwk(self._keys[kid].public), **about, "kid": kid} for kid in published]}

    async def reload(self) -> None:
        """Look what keys there are, and make one if it is time to. Raises Problem while PostgreSQL is away."""
        rows = await self._vault.ask(_rows)
        if self._lacking(rows):
            rows = await self._vault.ask(self._make)
        self._keys = {row.kid: self._key(row) for row in rows}

    def _current(self, now: float) -> SigningKey:
        # One that another process has just made may be of a moment that is still to come here.
        return max(self._keys.values(), key=lambda key: (key.active_from <= now, key.active_from))

    def _lacking(self, rows: Sequence[_Row]) -> bool:
        return self._now() >= max((row.active_from for row in rows), default=0.0) + SIGNS - PROPAGATION

    async def _make(self, connection: Connection) -> list[_Row]:
        """Make the next key, unless another process has; drop those that nobody needs any more."""
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
            rows = await _rows(connection)
            if not self._lacking(rows):
                return rows
            active_from = self._now() + PROPAGATION if rows else self._now()
            await connection.execute(
                "UPDATE vault.signing_key SET retired_at = to_timestamp(%s) WHERE retired_at IS NULL", [active_from]
            )
            await connection.execute(
                "DELETE FROM vault.signing_key WHERE retired_at <= to_timestamp(%s)", [self._now() - GRACE]
            )
            await self._insert(connection, active_from)
            return await _rows(connection)

    async def _insert(self, connection: Connection, active_from: float) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        kid = thumbprint(private.public_key())
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        await connection.execute(
            "INSERT INTO vault.signing_key (kid, wrapped, active_from) VALUES (%s, %s, to_timestamp(%s))",
            [kid, self._vault.master.wrap(f"signing_key:{kid}", der), active_from],
        )

    def _key(self, row: _Row) -> SigningKey:
        known = self._keys.get(row.kid)
        if known is not None:
            return known._replace(active_from=row.active_from, retired_at=row.retired_at)
        private = load_der_private_key(self._vault.master.unwrap(f"signing_key:{row.kid}", row.wrapped), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError(f"The signing key {row.kid} is of another kind.")
        return SigningKey(row.kid, private, private.public_key(), row.active_from, row.retired_at)

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RELOAD):
                    await self._unknown.wait()
            self._unknown.clear()
            try:
                await self.reload()
            except Exception as error:  # noqa: BLE001 - the keys that are known stay good, whatever it was
                log.warning("could not look for new signing keys", error=str(error))
            await asyncio.sleep(SELDOM)


def thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    """Give the name of a key that says what key it is: its JWK thumbprint (RFC 7638)."""
    return base64url.encode(hashlib.sha256(orjson.dumps(_jwk(public), option=orjson.OPT_SORT_KEYS)).digest())


def _jwk(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    x, y = (base64url.encode(number.to_bytes(COORDINATE_BYTES)) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


async def _rows(connection: Connection) -> list[_Row]:
    cursor = await connection.execute(
        "SELECT kid, wrapped, extract(epoch FROM active_from)::float8, extract(epoch FROM retired_at)::float8"
        " FROM vault.signing_key ORDER BY active_from"
    )
    return [_Row(*row) for row in await cursor.fetchall()]
