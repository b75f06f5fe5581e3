"""What each fact makes of a role's row."""

from infra import postgres
from infra.settings import Settings
from projections import role
from projections.projection import moment
from projections.role import projection
from schemas.role import RoleDefined, RoleRetired
from tests.projections.knowing import Knowing
from tests.projections.telling import FIRST_MOMENT, changes, row_after

CLERK = RoleDefined(permissions=("resource:*", "kind:read"))


def test_a_role_permits_what_it_was_defined_to() -> None:
    assert row_after(projection, CLERK) == {
        "role": "one",
        "permissions": ["kind:read", "resource:*"],
        "retired": False,
        "version": 1,
        "updated_time": moment(FIRST_MOMENT),
        "position": "role:0:0",
    }


def test_a_retired_role_permits_nothing_until_it_is_defined_again() -> None:
    other = RoleDefined(permissions=("kind:read",))
    assert changes(projection, CLERK, RoleRetired()) == {"permissions": [], "retired": True}
    assert changes(projection, CLERK, RoleRetired(), other) == {"permissions": ["kind:read"]}


async def test_every_role_that_was_defined_is_listed(ground: Settings, knowing: Knowing) -> None:
    for name in ("clerk", "archivist"):
        await knowing.tell("role", name, CLERK)
    await knowing.tell("role", "clerk", RoleRetired())
    async with await postgres.connect(ground) as connection:
        listed = await role.all(connection)
        assert [(row["role"], row["permissions"]) for row in listed] == [
            ("archivist", ["kind:read", "resource:*"]),
            ("clerk", []),
        ]
        assert await role.find(connection, "clerk") == listed[1]
        assert await role.find(connection, "nobody") is None
