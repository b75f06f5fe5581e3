"""Nobody gives more than they have: what roles would permit, their giver is permitted too; and no role that is none."""

from collections.abc import Mapping

from infra.auth import Caller
from schemas.account import GiveRole, OpenServiceAccount
from schemas.message import Command
from schemas.problems import Problem
from schemas.rights import permitted
from schemas.role import BUILT_IN, DefineRole

Defined = Mapping[str, tuple[str, ...]]
"""What roles permit that are not built in."""


def require_within(caller: Caller, command: Command, defined: Defined) -> None:
    """Raise Problem for a command that would permit somebody what its asker may not do."""
    match command:
        case GiveRole():
            require_roles(caller, (command.role,), defined)
        case OpenServiceAccount():
            require_roles(caller, command.roles, defined)
        case DefineRole():
            require_had(caller, command.permissions)
        case _:
            pass


def require_roles(caller: Caller, roles: tuple[str, ...], defined: Defined) -> None:
    """Raise Problem unless all of these roles are there, and permit nothing that a caller may not do.

    Who has a mere name, or that of a role which was retired, would some day have what is defined under it.
    """
    for role in roles:
        if role not in BUILT_IN and not defined.get(role):
            raise Problem("role_unknown", f"There is no role '{role}', or it permits nothing; define it first.")
    require_had(caller, permitted(roles, defined))


def require_had(caller: Caller, permissions: frozenset[str] | tuple[str, ...]) -> None:
    """Raise Problem unless a caller has all of these permissions."""
    for permission in sorted(permissions):
        if not caller.may(permission):
            told = f"This would permit {permission}, which you may not do yourself; ask somebody who may."
            raise Problem("role_beyond_yours", told, permission=permission)
