"""What each fact makes of the row of a second factor."""

from typing import Any

import pytest

from infra import postgres
from infra.settings import Settings
from projections import totp
from projections.projection import moment
from projections.totp import projection
from schemas.message import Fact
from schemas.totp import (
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    TotpDisabled,
    TotpEnabled,
    TotpEnrolled,
    TotpUsed,
)
from tests.projections.knowing import Knowing
from tests.projections.people import digest
from tests.projections.telling import FIRST_MOMENT, changes, row_after

CODES = tuple(digest(f"code {n}") for n in range(10))
OTHERS = tuple(digest(f"other {n}") for n in range(10))
FIRST, SECOND = "sealed-1", "sealed-2"
ENROLLED = TotpEnrolled(secret=FIRST)
ENABLED = TotpEnabled(step=7, codes=CODES)


def test_an_enrolled_factor_does_not_count_yet() -> None:
    assert row_after(projection, ENROLLED) == {
        "account_id": "one",
        "secret": FIRST,
        "enabled": False,
        "step": None,
        "codes_left": 0,
        "codes": [],
        "version": 1,
        "updated_time": moment(FIRST_MOMENT),
        "position": "totp:0:0",
    }


ON = {"enabled": True, "step": 7, "codes_left": 10, "codes": list(CODES)}

CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "another secret": ([TotpEnrolled(secret=SECOND)], {"secret": SECOND}),
    "enabled": ([ENABLED], ON),
    "a code was used": ([ENABLED, TotpUsed(step=9)], ON | {"step": 9}),
    "a recovery code was used": (
        [ENABLED, RecoveryCodeUsed(code=CODES[3], left=9)],
        ON | {"codes_left": 9, "codes": [*CODES[:3], *CODES[4:]]},
    ),
    "other recovery codes": (
        [ENABLED, RecoveryCodeUsed(code=CODES[0], left=9), RecoveryCodesRenewed(codes=OTHERS)],
        ON | {"codes": list(OTHERS)},
    ),
    "disabled": ([ENABLED, TotpDisabled()], {"secret": None}),
    "enrolled again": ([ENABLED, TotpDisabled(), TotpEnrolled(secret=SECOND)], {"secret": SECOND}),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    assert changes(projection, ENROLLED, *facts) == expected


async def test_a_second_factor_is_found_by_its_account(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("totp", "alice", ENROLLED)
    await knowing.tell("totp", "alice", ENABLED)
    async with await postgres.connect(ground) as connection:
        found = await totp.find(connection, "alice")
        assert found is not None
        assert (found["enabled"], found["step"], found["codes"]) == (True, 7, list(CODES))
        assert await totp.find(connection, "bob") is None
