"""Signing keys take turns, and no door ever meets one that it does not know."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from infra.auth import signing
from infra.auth.signing import GRACE, PROPAGATION, SIGNS, SigningKeys, thumbprint
from infra.auth.tokens import LIFE
from infra.auth.vault import Vault
from infra.settings import Settings
from schemas.problems import Problem
from tests.infra.auth.database import away

BEGAN = 1_800_000_000.0
DAY = 24 * 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


async def loaded(vault: Vault, clock: Clock) -> SigningKeys:
    keys = SigningKeys(vault, clock)
    await keys.reload()
    return keys


@asynccontextmanager
async def running(vault: Vault) -> AsyncIterator[SigningKeys]:
    keys = SigningKeys(vault)
    await keys.start()
    try:
        yield keys
    finally:
        await keys.stop()


def kids(keys: SigningKeys) -> list[str]:
    return [each["kid"] for each in keys.jwks()["keys"]]


async def test_the_first_key_signs_at_once(vault: Vault) -> None:
    keys = await loaded(vault, Clock())
    kid, private = keys.current()
    assert kids(keys) == [kid]
    assert keys.public(kid) == private.public_key()


async def test_the_published_key_verifies_what_the_private_one_signed(vault: Vault) -> None:
    keys = await loaded(vault, Clock())
    kid, private = keys.current()
    published = jwt.PyJWKSet.from_dict(keys.jwks())[kid]
    assert jwt.decode(jwt.encode({"sub": "alice"}, private, "ES256"), published) == {"sub": "alice"}


async def test_only_the_public_part_is_published(vault: Vault) -> None:
    (published,) = (await loaded(vault, Clock())).jwks()["keys"]
    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (published["kty"], published["crv"], published["use"], published["alg"]) == ("EC", "P-256", "sig", "ES256")


def test_the_id_of_a_key_is_its_thumbprint() -> None:
    """Also of one whose coordinates begin with zeros, which RFC 7518 keeps."""
    for _ in range(600):
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        point = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(public))
        text = f'{{"crv":"P-256","kty":"EC","x":"{point["x"]}","y":"{point["y"]}"}}'
        told = jwt.utils.base64url_encode(hashlib.sha256(text.encode()).digest()).decode()
        assert thumbprint(public) == told


async def test_the_next_key_is_published_an_hour_before_it_signs(vault: Vault) -> None:
    clock = Clock()
    keys = await loaded(vault, clock)
    first, _ = keys.current()
    clock.now = BEGAN + SIGNS - PROPAGATION - 1
    await keys.reload()
    assert kids(keys) == [first]

    clock.now = BEGAN + SIGNS - PROPAGATION
    await keys.reload()
    assert keys.current()[0] == first
    _, second = kids(keys)
    assert keys.public(second) is not None

    clock.now = BEGAN + SIGNS - 1
    assert keys.current()[0] == first
    clock.now = BEGAN + SIGNS
    assert keys.current()[0] == second
    assert set(kids(keys)) == {first, second}


async def test_a_key_that_stopped_is_published_longer_than_any_token_lives(vault: Vault) -> None:
    clock = Clock()
    keys = await loaded(vault, clock)
    first, _ = keys.current()
    clock.now = BEGAN + SIGNS - PROPAGATION
    await keys.reload()
    clock.now = BEGAN + SIGNS + LIFE
    assert keys.public(first) is not None
    clock.now = BEGAN + SIGNS + GRACE
    assert keys.public(first) is None
    assert kids(keys) == [keys.current()[0]]


async def test_keys_that_nobody_needs_any_more_are_destroyed(vault: Vault, empty: Settings) -> None:
    clock = Clock()
    keys = await loaded(vault, clock)
    for _ in range(5):
        clock.now += SIGNS
        await keys.reload()
    with psycopg.connect(empty.postgres_url) as connection:
        assert connection.execute("TABLE vault.signing_key").rowcount == 2


async def test_over_months_there_is_always_one_key_to_sign_with_that_all_doors_know(vault: Vault) -> None:
    clock = Clock()
    one, other = await loaded(vault, clock), await loaded(vault, clock)
    signed: set[str] = set()
    while clock.now < BEGAN + 95 * DAY:
        clock.now += PROPAGATION - 1
        await one.reload()
        # The other looked nearly an hour ago, and knows the key all the same.
        kid, _ = one.current()
        assert other.public(kid) is not None
        assert kid in kids(other)
        await other.reload()
        signed.add(kid)
    assert len(signed) == 4


async def test_after_two_months_of_rest_the_old_key_signs_until_all_know_the_new_one(vault: Vault) -> None:
    clock = Clock()
    first, _ = (await loaded(vault, clock)).current()
    clock.now = BEGAN + 60 * DAY
    keys = await loaded(vault, clock)
    assert keys.current()[0] == first
    assert len(kids(keys)) == 2
    clock.now += PROPAGATION
    assert keys.current()[0] != first
    assert first in kids(keys)


async def test_a_key_of_a_clock_that_is_ahead_signs_where_there_is_no_other(vault: Vault) -> None:
    ahead, clock = Clock(), Clock()
    ahead.now += 5
    kid, _ = (await loaded(vault, ahead)).current()
    keys = await loaded(vault, clock)
    assert keys.current()[0] == kid
    assert kids(keys) == [kid]


async def test_two_who_make_the_next_key_at_once_make_one(vault: Vault, empty: Settings) -> None:
    other = Vault(empty)
    await other.open()
    clock = Clock()
    many = [SigningKeys(each, clock) for each in (vault, other) * 4]
    for now in (BEGAN, BEGAN + SIGNS):
        clock.now = now
        await asyncio.gather(*(keys.reload() for keys in many))
    await other.close()
    assert len({tuple(kids(keys)) for keys in many}) == 1
    assert len(kids(many[0])) == 2


async def test_the_private_key_stands_in_the_database_wrapped_only(vault: Vault, empty: Settings) -> None:
    _, private = (await loaded(vault, Clock())).current()
    with psycopg.connect(empty.postgres_url) as connection:
        row = connection.execute("SELECT wrapped FROM vault.signing_key").fetchone()
    assert row is not None
    assert private.private_numbers().private_value.to_bytes(32) not in row[0]


async def test_a_key_is_the_same_after_the_master_key_changed(vault: Vault) -> None:
    clock = Clock()
    kid, _ = (await loaded(vault, clock)).current()
    vault.master.first, before = b"none", vault.master.first  # as if another were the first
    vault.master._ciphers[b"none"] = vault.master._ciphers[before]
    assert await vault.rewrap() == 2
    assert (await loaded(vault, clock)).current()[0] == kid


async def test_an_unknown_key_is_looked_for_soon_and_random_ones_seldom(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    monkeypatch.setattr(signing, "SELDOM", 0.5)
    async with running(vault) as keys:
        reload = keys.reload

        async def counted() -> None:
            nonlocal looks
            looks += 1
            await reload()

        keys.reload = counted  # type: ignore[method-assign] # it is counted and done all the same
        (kid,) = kids(keys)
        keys._keys.clear()  # as if another had made it since
        assert keys.public(kid) is None
        await found(keys, kid)
        looked = looks
        until = asyncio.get_running_loop().time() + 2
        while asyncio.get_running_loop().time() < until:
            assert keys.public("random") is None
            await asyncio.sleep(0.01)
        assert 1 <= looks - looked <= 5


async def test_keys_known_stay_good_while_postgresql_is_away_and_it_is_looked_for_new_ones_after(
    vault: Vault, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "SELDOM", 0.1)
    monkeypatch.setattr(signing, "RELOAD", 0.1)
    async with running(vault) as keys:
        kid, _ = keys.current()
        reload, failed = keys.reload, asyncio.Event()

        async def told() -> None:
            try:
                await reload()
            except Problem:
                failed.set()
                raise

        keys.reload = told  # type: ignore[method-assign] # it is done all the same
        with away(empty):
            await asyncio.wait_for(failed.wait(), 60)
            assert keys.current()[0] == kid
            assert kids(keys) == [kid]
        keys._keys.clear()
        await found(keys, kid)


async def test_nothing_starts_while_postgresql_is_away(vault: Vault, empty: Settings) -> None:
    keys = SigningKeys(vault)
    with away(empty), pytest.raises(Problem):
        await keys.start()
    await keys.stop()


async def found(keys: SigningKeys, kid: str) -> None:
    async with asyncio.timeout(60):
        while keys.public(kid) is None:  # noqa: ASYNC110 - a door is asked, and tells nobody when it knows more
            await asyncio.sleep(0.01)
