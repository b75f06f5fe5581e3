"""An issuer of access tokens on this machine: signs them, and serves its keys, well or badly."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from infra.settings import Issuer

AUDIENCE = "https://annal.test"

_KINDS: list[tuple[type, Any]] = [
    (rsa.RSAPrivateKey, jwt.algorithms.RSAAlgorithm),
    (ec.EllipticCurvePrivateKey, jwt.algorithms.ECAlgorithm),
    (ed25519.Ed25519PrivateKey, jwt.algorithms.OKPAlgorithm),
]


@cache
def _rsa() -> rsa.RSAPrivateKey:
    """Make the one key that takes long to make."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Company:
    """An issuer. `answer` is what it serves instead of its keys; `asked` counts how often it was asked for them."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: Any = None
    asked: int = 0

    @property
    def issuer(self) -> Issuer:
        return Issuer(
            name="company",
            issuer="https://login.company.test/",
            jwks_url=f"{self.url}/jwks",
            audience=AUDIENCE,
            roles={"staff": "member", "boss": "auditor"},
        )

    def add(self, kid: str, private: Any, **about: Any) -> None:
        algorithm = next(its for kind, its in _KINDS if isinstance(private, kind))
        public = algorithm.to_jwk(private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        self.keys[kid] = private
        self.published[kid] = {**public, "kid": kid, **about}

    def token(self, kid: str = "ec", algorithm: str = "ES256", header: Any = None, **said: Any) -> str:
        """Sign a token; None takes a claim away."""
        about = {"iss": self.issuer.issuer, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 600, "jti": "1"}
        kept = {name: value for name, value in {**about, **said}.items() if value is not None}
        return jwt.encode(kept, self.keys[kid], algorithm, {"kid": kid, "typ": "at+jwt", **(header or {})})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.answer is None:
            return web.json_response({"keys": list(self.published.values())})
        answered: web.StreamResponse = await self.answer(request)
        return answered


@asynccontextmanager
async def company() -> AsyncIterator[Company]:
    """Run an issuer with a key of each kind that is allowed."""
    made = Company()
    made.add("ec", ec.generate_private_key(ec.SECP256R1()))
    made.add("rsa", _rsa())
    made.add("ed", ed25519.Ed25519PrivateKey.generate(), alg="EdDSA")
    application = web.Application()
    application.router.add_get("/jwks", made.serve)
    application.router.add_get("/elsewhere", made.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def slow(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def trickling(request: web.Request) -> web.StreamResponse:
    """Answer a little at a time, so that no read waits long."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(100):
        await answer.write(b" ")
        await asyncio.sleep(0.2)
    return answer


async def huge(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1_000):
        await answer.write(b" " * 65_536)
    return answer


async def packed(_: web.Request) -> web.Response:
    """Answer with little that becomes much."""
    import gzip  # noqa: PLC0415

    return web.Response(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"})


async def redirecting(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/elsewhere"})


async def failing(_: web.Request) -> web.Response:
    return web.json_response({"keys": []}, status=500)


def saying(body: bytes) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    return answer
