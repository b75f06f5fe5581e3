"""What a door does before each request: it looks at the token, verifies it the first time, and says who asks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from infra.auth.doorkeeper import Doorkeeper, KeyRow
from infra.auth.issuers import Issuers
from infra.auth.known import Known, Snapshot
from infra.auth.tokens import ALGORITHM, AccessTokens
from infra.bench import callers
from infra.bench.bed import Bed
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import middle
from infra.kafka import connection
from infra.settings import Settings

TOKENS = 2_000
NETWORK = "127.0.0.1"


class Checking(NamedTuple):
    """A door's own way to know who asks, and what a bare check takes."""

    doorkeeper: Doorkeeper
    tokens: AccessTokens
    public: EllipticCurvePublicKey


@measures(
    Row("token.first", "Token that a door has not seen before → who asks, in one process", "µs", at_most=150),
    Row("token.again", "The same token again", "µs"),
)
async def checking(bed: Bed) -> Sequence[Reading]:
    """Medians; token after token is checked bare, by a door, and by the same door again. Bare is PyJWT alone."""
    issuer = bed.settings.url
    taken: list[tuple[float, float, float]] = []
    async with _checking(bed.settings) as (doorkeeper, tokens, public):
        for shown in [tokens.issue(callers.claims()) for _ in range(bed.count(TOKENS))]:
            asked = f"Bearer {shown}"
            began = perf_counter()
            jwt.decode(shown, public, [ALGORITHM], audience=issuer, issuer=issuer)
            bare = perf_counter()
            await doorkeeper.who(asked, NETWORK)
            first = perf_counter()
            await doorkeeper.who(asked, NETWORK)
            taken.append((bare - began, first - bare, perf_counter() - first))
    floor, first_seen, again = (1e6 * middle(each) for each in zip(*taken, strict=True))
    return [Reading(first_seen, floor), Reading(again, floor)]


@asynccontextmanager
async def _checking(settings: Settings) -> AsyncIterator[Checking]:
    async with callers.keys(settings) as (vault, signing):
        known = Known(connection(settings), _nothing, vault.forget)
        await known.start()
        try:
            while not await known.ready():
                pass
            tokens = AccessTokens(signing, settings.url)
            doorkeeper = Doorkeeper(tokens, Issuers(()), known, vault, _no_key)
            doorkeeper.play = True
            yield Checking(doorkeeper, tokens, signing.current()[1].public_key())
        finally:
            await known.stop()


async def _nothing(_: int) -> Snapshot:
    """Let all that changed be heard from the journals."""
    return Snapshot({}, {}, (), {}, {})


async def _no_key(_: str) -> KeyRow | None:
    return None
