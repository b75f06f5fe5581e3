"""What may be said about a role: a name for a set of permissions, which accounts are given by that name."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from schemas.account import RoleName
from schemas.message import Command, Domain, Fact

Permission = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^([a-z]+:([a-z_]+|\*)|\*)$"),
    Field(
        description="`domain:action`, such as `resource:read`; `domain:*` is all of a domain, `*` is all.",
        examples=["resource:*"],
    ),
]

BUILT_IN: dict[str, tuple[str, ...]] = {
    "admin": ("*",),
    "member": (
        "resource:*",
        "kind:*",
        "facts:subscribe",
        "account:own",
        "session:own",
        "apikey:own",
        "totp:own",
        "character:read",
        "character:own",
        "conversation:own",
    ),
    "auditor": (
        "resource:read",
        "kind:read",
        "account:read",
        "role:read",
        "character:read",
        "audit:read",
        "facts:subscribe",
        "account:own",
        "session:own",
    ),
    "service": ("resource:*", "kind:read", "character:read", "facts:subscribe"),
}
"""The roles that are always there, and stay as they are. What is `own` is one's own account, and what belongs to it."""


class _AboutOneRole(Command):
    role: RoleName

    @property
    def subject(self) -> str:
        return self.role


class DefineRole(_AboutOneRole):
    """Say what a role may do; it holds for all who have it, from the next request on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"role": "clerk", "permissions": ["resource:*", "kind:read"]}]}
    )
    type: ClassVar[str] = "role.define"
    permissions: Annotated[tuple[Permission, ...], Field(max_length=200)]


class RetireRole(_AboutOneRole):
    """Let a role permit nothing any more, whoever has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "clerk"}]})
    type: ClassVar[str] = "role.retire"


class RoleDefined(Fact):
    """A role permits this and no more."""

    type: ClassVar[str] = "role.defined"
    permissions: tuple[str, ...]


class RoleRetired(Fact):
    """A role permits nothing."""

    type: ClassVar[str] = "role.retired"


RoleCommand = DefineRole | RetireRole
RoleFact = RoleDefined | RoleRetired

DOMAIN = Domain(
    name="role",
    commands=(DefineRole, RetireRole),
    facts=(RoleDefined, RoleRetired),
    refusals={"role_built_in": 409, "role_unknown": 404},
    partitions=1,
)
