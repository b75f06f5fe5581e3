"""`annal access` makes users and rights as the table says, once, and shows whatever differs."""

import asyncio
import stat
import time
from io import StringIO
from typing import cast

import pytest
from rich.console import Console

from infra import grant, kafka
from infra import topics as in_kafka
from infra.access import USERS, Difference, Right, compare, rights
from infra.authorizer import Authorizer
from infra.settings import Settings, Unusable
from tests.infra.guarded import ADMIN, API, SUBSCRIBER, Guarded, annal


def access(settings: Settings, *, check: bool = False) -> tuple[int, str]:
    """Do as `annal access` does; its exit code and what it says."""
    console = Console(file=StringIO(), width=200)
    code = grant.run(settings, console, check=check)
    return code, cast(StringIO, console.file).getvalue()


def test_what_was_made_is_not_made_again(guarded: Guarded) -> None:
    passwords = {user: guarded.be(user) for user in USERS}
    said = f"{len(USERS)} users with {len(rights())} rights are as they must be.\n"
    assert access(guarded.be(ADMIN), check=True) == (0, said)
    assert access(guarded.be(ADMIN)) == (0, said)
    assert {user: guarded.be(user) for user in USERS} == passwords


def test_nobody_else_may_read_the_passwords(guarded: Guarded) -> None:
    files = list((guarded.owner.data_dir / "access").iterdir())
    assert {path.stem for path in files} == set(USERS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_differs_is_shown_and_mended_except_what_is_a_strangers(guarded: Guarded) -> None:
    authorizer = Authorizer(guarded.owner)
    lost = Right("User:annal-worker", "write", "topic", "kind.facts")
    more = Right("User:annal-api", "write", "topic", "kind.facts")
    theirs = Right("User:bob", "all", "topic", "*")
    authorizer.withdraw([lost])
    authorizer.grant([more, theirs])
    wait_for(authorizer, Difference(lost, "missing"), Difference(more, "too much"), Difference(theirs, "of a stranger"))
    code, shown = access(guarded.be(ADMIN), check=True)
    assert code == 1
    assert all(said in shown for said in ("missing", "too much", "of a stranger"))
    code, mended = access(guarded.be(ADMIN))
    assert code == 1
    assert all(said in mended for said in ("given", "taken away", "of a stranger"))
    wait_for(authorizer, Difference(theirs, "of a stranger"))
    authorizer.withdraw([theirs])
    wait_for(authorizer)


def wait_for(authorizer: Authorizer, *wanted: Difference) -> None:
    """Brokers hear of what the controller did a moment later."""
    until = time.monotonic() + 5
    while (found := compare(authorizer.rights())) != list(wanted) and time.monotonic() < until:
        time.sleep(0.02)
    assert found == list(wanted)


def test_a_new_password_replaces_the_old_one(guarded: Guarded) -> None:
    old = guarded.be(SUBSCRIBER)
    assert annal(guarded.be(ADMIN), "access", "--rotate", SUBSCRIBER).returncode == 0
    asyncio.run(kafka.check(guarded.be(SUBSCRIBER)))
    with pytest.raises(Unusable, match=r"SaslAuthenticationFailed.*ANNAL_KAFKA_"):
        asyncio.run(kafka.check(old, patience=3))


async def test_who_does_not_sign_in_gets_nothing(guarded: Guarded) -> None:
    stranger = Settings(kafka_bootstrap=guarded.owner.kafka_bootstrap)
    with pytest.raises(Unusable, match="closed"):
        await kafka.check(stranger, patience=3)


@pytest.mark.parametrize("check", [True, False])
def test_who_may_not_give_rights_is_told_so(guarded: Guarded, check: bool) -> None:  # noqa: FBT001 - it is a case
    with pytest.raises(Unusable, match="may not alter the cluster"):
        access(guarded.be(API), check=check)


async def test_who_may_not_ask_how_topics_are_set_is_told_so(guarded: Guarded) -> None:
    with pytest.raises(Unusable, match="allow this user to ask"):
        await in_kafka.check(guarded.be(API))


def test_only_users_of_the_table_get_a_password(guarded: Guarded) -> None:
    refused = annal(guarded.be(ADMIN), "access", "--rotate", "bob")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "choose one of annal-api" in refused.stderr


def test_a_kafka_that_lets_everybody_do_everything_is_not_called_guarded(stack: Settings) -> None:
    with pytest.raises(Unusable, match="give its brokers an authorizer"):
        access(stack, check=True)
