"""What each fact makes of the row of an address."""

from typing import Any

import pytest

from infra import postgres
from infra.settings import Settings
from projections import address
from projections.address import projection
from projections.projection import moment
from schemas.address import AddressClaimed, AddressReleased, AddressVerified, ProofRenewed
from schemas.message import Fact
from tests.projections.knowing import Knowing
from tests.projections.people import changing, digest, opening, proof
from tests.projections.telling import FIRST_MOMENT, changes, row_after

LATER = FIRST_MOMENT + 1000


def claimed(account_id: str = "alice", at: int = FIRST_MOMENT, **how: Any) -> AddressClaimed:
    return AddressClaimed(account_id=account_id, claimed=at, **how or {"opening": opening(proof=proof())})


def test_a_claimed_address_is_held_until_its_proof_is_too_old() -> None:
    assert row_after(projection, claimed(opening=opening(proof=proof(until=LATER)))) == {
        "digest": "one",
        "account_id": "alice",
        "verified": False,
        "claimed_time": moment(FIRST_MOMENT),
        "proof_until": moment(LATER),
        "version": 1,
        "position": "address:0:0",
    }


def test_an_address_that_needs_no_proof_is_verified() -> None:
    row = row_after(projection, claimed(opening=opening(verified=True)))
    assert (row["verified"], row["proof_until"]) == (True, None)


def test_an_address_to_change_to_waits_for_the_proof_of_the_new_one() -> None:
    row = row_after(projection, claimed(changing=changing()))
    assert (row["verified"], row["proof_until"]) == (False, moment(FIRST_MOMENT))


CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "proved": ([AddressVerified(account_id="alice")], {"verified": True, "proof_until": None}),
    "another token": ([ProofRenewed(account_id="alice", proof=proof(until=LATER))], {"proof_until": moment(LATER)}),
    "let go": (
        [AddressVerified(account_id="alice"), AddressReleased(account_id="alice")],
        {"account_id": None, "proof_until": None},
    ),
    "claimed by another": (
        [AddressVerified(account_id="alice"), AddressReleased(account_id="alice"), claimed("bob", LATER)],
        {"account_id": "bob", "claimed_time": moment(LATER)},
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    assert changes(projection, claimed(), *facts) == expected


async def test_who_holds_an_address_is_found_by_its_digest(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("address", digest("a@x"), claimed())
    async with await postgres.connect(ground) as connection:
        found = await address.find(connection, digest("a@x"))
        assert found is not None
        assert (found["account_id"], found["claimed_time"]) == ("alice", moment(FIRST_MOMENT))
        assert await address.find(connection, digest("b@x")) is None
