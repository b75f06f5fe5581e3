"""The rules of roles: what may be defined; those that are built in stay as they are."""

from typing import Literal

from msgspec import Struct

from commands.decider import Asking, Decider, Refused
from schemas.role import BUILT_IN, DefineRole, RetireRole, RoleCommand, RoleDefined, RoleFact, RoleRetired


class Role(Struct, frozen=True, gc=False):
    """A role, absent at first; `permissions` are sorted."""

    status: Literal["absent", "defined", "retired"] = "absent"
    permissions: tuple[str, ...] = ()


def decide(role: Role, command: RoleCommand, _: Asking) -> list[RoleFact]:
    if command.role in BUILT_IN:
        raise Refused("role_built_in", "This role is built in and stays as it is; define one of another name.")
    match command:
        case DefineRole():
            defined = Role("defined", tuple(sorted(set(command.permissions))))
            return [] if role == defined else [RoleDefined(permissions=defined.permissions)]
        case RetireRole():
            return _retire(role)


def _retire(role: Role) -> list[RoleFact]:
    if role.status == "absent":
        raise Refused("role_unknown", "There is no such role; name one that was defined.")
    return [] if role.status == "retired" else [RoleRetired()]


def evolve(_: Role, fact: RoleFact) -> Role:
    match fact:
        case RoleDefined():
            return Role("defined", fact.permissions)
        case RoleRetired():
            return Role("retired")


decider = Decider(Role(), decide, evolve)
