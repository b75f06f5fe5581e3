"""What each fact makes of an account's row, and how accounts are found."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra import postgres
from infra.settings import Settings
from projections import account
from projections.account import projection
from projections.projection import Row
from schemas.account import (
    AccountClosed,
    AccountErased,
    AccountReinstated,
    AccountSuspended,
    AccountVerified,
    AddressChangeAsked,
    AddressChangeConfirmed,
    AddressChanged,
    AddressChangeDropped,
    PasswordRehashed,
    PasswordReset,
    PasswordResetAsked,
    PasswordSet,
    ProfileChanged,
    RoleGiven,
    RoleTaken,
    ServiceAccountOpened,
    SessionsRevoked,
)
from schemas.message import CommandRejected, CommandUnchanged, Fact
from schemas.person import NOTHING
from tests.projections.knowing import Knowing
from tests.projections.people import changing, digest, opened, proof
from tests.projections.telling import FIRST_MOMENT, changes, row_after


def test_an_opened_account_is_active_and_holds_sealed_text_alone() -> None:
    moment = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
    assert row_after(projection, opened()) == {
        "account_id": "one",
        "status": "active",
        "service": False,
        "name": "",
        "address": digest("alice"),
        "sealed_address": "sealed-address",
        "verified": False,
        "password": "sealed-hash",
        "profile": {"display_name": "sealed-name"},
        "roles": ["member"],
        "generation": 0,
        "change": None,
        "version": 1,
        "opened_time": moment,
        "updated_time": moment,
        "position": "account:0:0",
    }


def test_an_invited_account_has_no_password_and_one_that_needs_no_proof_is_verified() -> None:
    row = row_after(projection, opened(password=None, verified=True, roles=("auditor", "admin")))
    assert (row["password"], row["verified"], row["roles"]) == (None, True, ["admin", "auditor"])


def test_a_service_has_a_name_and_nothing_personal() -> None:
    row = row_after(projection, ServiceAccountOpened(name="invoice-import", roles=("service",)))
    assert (row["service"], row["name"], row["roles"], row["status"]) == (True, "invoice-import", ["service"], "active")
    assert (row["address"], row["sealed_address"], row["password"], row["profile"]) == (None, None, None, {})


OTHER = "sealed-hash-of-another"
ASKED = AddressChangeAsked(address=digest("other"), changing=changing())
EMPTY: Row = {"address": None, "sealed_address": None, "password": None, "profile": {}, "roles": []}

CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "proved to read": ([AccountVerified()], {"verified": True}),
    "another address is wanted": (
        [ASKED],
        {"change": {"address": digest("other"), "sealed_address": "sealed-other"}},
    ),
    "half agreed is not agreed": (
        [ASKED, AddressChangeConfirmed(by="old")],
        {"change": {"address": digest("other"), "sealed_address": "sealed-other"}},
    ),
    "the address is another": (
        [ASKED, AddressChanged(address=digest("other"), sealed_address="sealed-other", former=digest("alice"))],
        {"address": digest("other"), "sealed_address": "sealed-other", "verified": True},
    ),
    "the address stays": ([ASKED, AddressChangeDropped(address=digest("other"))], {}),
    "parts of the profile come": (
        [ProfileChanged(profile={"locale": "sealed-locale"})],
        {"profile": {"display_name": "sealed-name", "locale": "sealed-locale"}},
    ),
    "a part of the profile goes": ([ProfileChanged(profile={"display_name": NOTHING})], {"profile": {}}),
    "another password": ([PasswordSet(password=OTHER, generation=1)], {"password": OTHER, "generation": 1}),
    "the same password": ([PasswordRehashed(password=OTHER)], {"password": OTHER}),
    "a reset is only asked": ([PasswordResetAsked(proof=proof())], {}),
    "a reset": (
        [PasswordReset(password=OTHER, generation=1, address=digest("alice"))],
        {"password": OTHER, "generation": 1},
    ),
    "sign-ins end": ([SessionsRevoked(generation=1)], {"generation": 1}),
    "suspended": ([AccountSuspended(generation=1)], {"status": "suspended", "generation": 1}),
    "reinstated": ([AccountSuspended(generation=1), AccountReinstated()], {"generation": 1}),
    "closed": (
        [AccountVerified(), ASKED, AccountClosed(generation=1, addresses=(digest("alice"), digest("other")))],
        EMPTY | {"status": "closed", "generation": 1},
    ),
    "erased": (
        [AccountErased(generation=1, addresses=(digest("alice"),))],
        EMPTY | {"status": "erased", "generation": 1},
    ),
    "erased after it was closed": (
        [AccountClosed(generation=1, addresses=(digest("alice"),)), AccountErased(generation=2, addresses=())],
        EMPTY | {"status": "erased", "generation": 2},
    ),
    "a role more": ([RoleGiven(role="auditor"), RoleGiven(role="auditor")], {"roles": ["auditor", "member"]}),
    "a role less": ([RoleTaken(role="member")], {"roles": []}),
    "nothing happened": ([], {}),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    assert changes(projection, opened(), *facts) == expected


def test_a_refusal_and_an_unchanged_command_leave_the_row_as_it_is() -> None:
    refused = CommandRejected(code="account_exists", reason="It is there.")
    assert row_after(projection, opened(), refused, CommandUnchanged()) == row_after(projection, opened())


async def test_an_account_is_found_by_its_id_and_by_its_address(ground: Settings, knowing: Knowing) -> None:
    async with await postgres.connect(ground) as connection:
        assert not await account.any(connection)
        await knowing.tell("account", "a", opened("a@x"))
        assert await account.any(connection)
        found = await account.find(connection, "a")
        assert found is not None
        assert found == await account.by_address(connection, digest("a@x"))
        assert (found["account_id"], found["profile"]) == ("a", {"display_name": "sealed-name"})
        assert await account.find(connection, "b") is await account.by_address(connection, digest("b@x")) is None


async def test_an_address_leads_to_no_account_that_is_closed(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("account", "a", opened("a@x"))
    await knowing.tell("account", "a", AccountClosed(generation=1, addresses=(digest("a@x"),)))
    async with await postgres.connect(ground) as connection:
        assert await account.by_address(connection, digest("a@x")) is None
        await knowing.tell("account", "b", opened("a@x"))
        found = await account.by_address(connection, digest("a@x"))
        assert found is not None
        assert found["account_id"] == "b"


async def test_accounts_are_listed_the_newest_first_and_by_status(ground: Settings, knowing: Knowing) -> None:
    for name in "abcd":
        await knowing.tell("account", name, opened(name))
    await knowing.tell("account", "b", AccountSuspended(generation=1))
    async with await postgres.connect(ground) as connection:
        whole = await account.page(connection, None, None, 10)
        assert {row["account_id"] for row in whole} == set("abcd")
        assert [row["opened_time"] for row in whole] == sorted((row["opened_time"] for row in whole), reverse=True)
        last = [whole[1]["opened_time"], whole[1]["account_id"]]
        assert await account.page(connection, None, last, 10) == whole[2:]
        assert [row["account_id"] for row in await account.page(connection, "suspended", None, 10)] == ["b"]
        assert "b" not in {row["account_id"] for row in await account.page(connection, "active", None, 10)}


async def test_what_changed_is_told_from_a_time_on(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("account", "a", opened("a"))
    await knowing.tell("account", "a", RoleGiven(role="auditor"))
    await knowing.tell("account", "a", AccountSuspended(generation=3))
    async with await postgres.connect(ground) as connection:
        assert await account.changed_since(connection, FIRST_MOMENT + 2) == [
            ("a", "suspended", ["auditor", "member"], 3, 3)
        ]
        assert await account.changed_since(connection, FIRST_MOMENT + 3) == []
