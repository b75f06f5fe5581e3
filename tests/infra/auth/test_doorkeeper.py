"""Who shows the same token again is known without looking, until anything is taken away from anybody."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from infra import kafka, topics
from infra.auth import Caller
from infra.auth.doorkeeper import DEV, Doorkeeper, KeyRow
from infra.auth.issuers import Issuers
from infra.auth.known import Known, Snapshot
from infra.auth.signing import SigningKeys
from infra.auth.tokens import AccessTokens, Claims
from infra.auth.vault import Vault
from infra.settings import Settings
from schemas import account, role, session
from schemas.message import Actor, Fact, FactMeta
from schemas.problems import Problem

Show = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def known(stack: Settings, vault: Vault) -> AsyncIterator[Known]:
    async def nothing(_: int) -> Snapshot:
        return Snapshot({}, {}, (), {}, {})

    await topics.create(stack)
    known = Known(kafka.connection(stack), nothing, vault.forget)
    await known.start()
    while not await known.ready():
        pass
    yield known
    await known.stop()


class Clock:
    """Seconds since 1970, as a test has them."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def show(vault: Vault, known: Known, clock: Clock) -> Show:
    """Give what shows one token of alice's, in session s1 and as a clerk, again and again."""
    keys = SigningKeys(vault)
    await keys.reload()
    tokens = AccessTokens(keys, "https://annal.test", now=clock)
    keeper = Doorkeeper(tokens, Issuers(()), known, vault, no_key)
    token = tokens.issue(Claims("alice", "s1", roles=("clerk",), expires=int(clock.now) + 60))
    return lambda: keeper.who(f"Bearer {token}", "192.0.2.1")


async def no_key(_: str) -> KeyRow | None:
    return None


def heard(known: Known, subject: str, fact: Fact, version: int = 1) -> None:
    command_id = str(uuid4())
    meta = FactMeta(
        id=str(uuid4()),
        type=fact.type,
        subject=subject,
        version=version,
        time=time.time_ns() // 1_000_000,
        actor=Actor(id="admin"),
        command_id=command_id,
        command_type="any",
        command_offset=0,
        correlation_id=command_id,
    )
    known.hear(meta, fact, meta.time)


async def refused(show: Show) -> str:
    with pytest.raises(Problem) as problem:
        await show()
    return problem.value.code


async def test_who_shows_the_same_again_is_the_same_caller(show: Show) -> None:
    caller = await show()
    assert (caller.actor.id, caller.session) == ("alice", "s1")
    assert await show() is caller


async def test_a_session_that_ended_is_felt_by_the_next_request(show: Show, known: Known) -> None:
    await show()
    heard(known, "s1", session.SessionEnded(account_id="alice", reason="revoked"))
    assert await refused(show) == "session_ended"


async def test_an_account_that_was_suspended_is_refused_and_let_in_again(show: Show, known: Known) -> None:
    await show()
    heard(known, "alice", account.AccountSuspended(generation=0), 1)
    assert await refused(show) == "account_not_active"
    heard(known, "alice", account.AccountReinstated(), 2)
    assert (await show()).actor.id == "alice"


async def test_what_a_role_permits_now_counts(show: Show, known: Known) -> None:
    assert not (await show()).may("resource:read")
    heard(known, "clerk", role.RoleDefined(permissions=("resource:read",)))
    assert (await show()).may("resource:read")
    heard(known, "clerk", role.RoleRetired())
    assert not (await show()).may("resource:read")


async def test_a_role_that_was_taken_is_gone(show: Show, known: Known) -> None:
    heard(known, "clerk", role.RoleDefined(permissions=("resource:read",)))
    assert (await show()).may("resource:read")
    heard(known, "alice", account.RoleTaken(role="clerk"))
    assert not (await show()).may("resource:read")


async def test_a_token_expires_however_well_it_is_known(show: Show, clock: Clock) -> None:
    await show()
    clock.now += 61
    assert await refused(show) == "token_expired"


async def test_a_token_for_play_is_good_at_doors_that_play_only(vault: Vault, known: Known, clock: Clock) -> None:
    keys = SigningKeys(vault)
    await keys.reload()
    tokens = AccessTokens(keys, "https://annal.test", now=clock)
    keeper = Doorkeeper(tokens, Issuers(()), known, vault, no_key)
    token = tokens.issue(Claims("alice", DEV, expires=int(clock.now) + 60))
    assert await refused(lambda: keeper.who(f"Bearer {token}", None)) == "token_invalid"
    keeper.play = True
    assert (await keeper.who(f"Bearer {token}", None)).actor.id == "alice"
