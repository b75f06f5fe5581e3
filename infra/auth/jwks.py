"""The keys of another issuer, fetched from where it publishes them, seldom, and with little trust in what comes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import OKPAlgorithm

from infra import telemetry
from schemas.problems import Problem

FRESH = 600.0
"""Seconds that keys are believed without asking again."""

KEPT = 3600.0
"""Seconds that they are believed while the issuer cannot be asked."""

AGAIN, AFTER_FAILURE = 60.0, 5.0
"""The least seconds between two questions, and after one that failed."""

TIMEOUT = 3.0
LARGEST = 64 * 1024

log = telemetry.log(__name__)

with suppress(ValueError):  # The name that RFC 9864 gave it; PyJWT has the older one only, as yet.
    jwt.register_algorithm("Ed25519", OKPAlgorithm())


class PublicKey(NamedTuple):
    """A key, and the algorithms that it verifies: never one that takes a shared secret, or none."""

    public: Any
    algorithms: list[str]


class Keys:
    """The keys at one address. `http` gives the session to fetch them with, `now` the seconds of any clock."""

    def __init__(self, url: str, http: Callable[[], aiohttp.ClientSession], now: Callable[[], float]) -> None:
        self._url = url
        self._http = http
        self._now = now
        self._keys: dict[str, PublicKey] = {}
        self._fetched = self._not_before = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, kid: str) -> PublicKey | None:
        """Give a key. Raises Problem when it is not known and the issuer cannot be asked."""
        if self._wanted(kid):
            async with self._fetching:
                if self._wanted(kid):
                    await self._fetch()
        if self._now() - self._fetched > KEPT:
            raise Problem(
                "issuer_unavailable",
                "Whoever issued this token cannot be asked for its keys; ask again.",
                headers={"Retry-After": str(int(AFTER_FAILURE))},
            )
        return self._keys.get(kid)

    def _wanted(self, kid: str) -> bool:
        now = self._now()
        return now >= self._not_before and (kid not in self._keys or now - self._fetched > FRESH)

    async def _fetch(self) -> None:
        try:
            self._keys = _usable(await self._body())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._not_before = self._now() + AFTER_FAILURE
            log.warning("could not fetch the keys of an issuer", url=self._url, error=str(error) or repr(error))
        else:
            self._fetched = self._now()
            self._not_before = self._fetched + AGAIN

    async def _body(self) -> bytes:
        limit = aiohttp.ClientTimeout(total=TIMEOUT)
        async with self._http().get(self._url, allow_redirects=False, timeout=limit) as answer:
            if answer.status != HTTPStatus.OK:
                raise ValueError(f"it answers {answer.status}")
            body = b""
            async for some in answer.content.iter_any():
                body += some
                if len(body) > LARGEST:
                    raise ValueError(f"it sends more than {LARGEST} bytes")
            return body


def _usable(body: bytes) -> dict[str, PublicKey]:
    """Give the keys of a JWK set that verify in a way we allow. Raises ValueError for what is no such set."""
    said = orjson.loads(body)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it sends no JWK set")  # noqa: TRY004 - it is what came that is wrong
    keys = {}
    for each in listed:
        key = _key(each) if isinstance(each, dict) and isinstance(each.get("kid"), str) else None
        if key is not None:
            keys[each["kid"]] = key
    return keys


def _key(said: dict[str, Any]) -> PublicKey | None:
    if said.get("use", "sig") != "sig":
        return None
    try:
        # The kind of key says what can be done with it; a name that PyJWT does not know must not keep it from that.
        public = jwt.PyJWK({name: value for name, value in said.items() if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    algorithms = [each for each in _algorithms(public) if said.get("alg", each) == each]
    return PublicKey(public, algorithms) if algorithms else None


def _algorithms(public: object) -> list[str]:
    if isinstance(public, rsa.RSAPublicKey):
        return ["RS256", "PS256"]
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return ["ES256"]
    if isinstance(public, ed25519.Ed25519PublicKey):
        return ["EdDSA", "Ed25519"]
    return []
