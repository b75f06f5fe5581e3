"""What may be said about an account: a person or a service, how it is reached, what it may do, if anything.

What is personal is sealed with the person's own key. Each change after which earlier sign-ins must end raises the
account's `generation`: sessions and tokens carry the one they were made in, and older ones are worth nothing.
"""

from typing import Annotated, ClassVar, get_args

from pydantic import ConfigDict, Field, StringConstraints

from schemas.message import Command, Domain, Fact, JsonObject, Time
from schemas.person import AccountId, Changing, Digest, Opening, Profile, Proof, Sealed

RoleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$"),
    Field(description="A role, built in or defined with role.define.", examples=["auditor"]),
]

ServiceName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
    ),
    Field(
        description="What the service is called; it is no person, and this is not sealed.", examples=["invoice-import"]
    ),
]

Generation = Annotated[
    int, Field(ge=0, le=2**31 - 1, description="How often all sign-ins were ended; as the asker knew it.")
]

_ACCOUNT: JsonObject = {"account_id": "0192f0c1-2d3e-7000-8000-000000000001"}


class _AboutOneAccount(Command):
    model_config = ConfigDict(json_schema_extra={"examples": [_ACCOUNT]})
    account_id: AccountId

    @property
    def subject(self) -> str:
        return self.account_id


class OpenAccount(_AboutOneAccount):
    """Open a person's account, once an address is held for it."""

    type: ClassVar[str] = "account.open"
    address: Digest
    opening: Opening


class OpenServiceAccount(_AboutOneAccount):
    """Open an account for a service: it has no address and no password, and signs in with API keys."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_ACCOUNT, "name": "invoice-import", "roles": ["service"]}]}
    )
    type: ClassVar[str] = "account.open_service"
    name: ServiceName
    roles: Annotated[tuple[RoleName, ...], Field(max_length=20)] = ("service",)


class NoteVerified(_AboutOneAccount):
    """Note that the account proved to read an address: its own, or the one that it changes to."""

    type: ClassVar[str] = "account.note_verified"
    address: Digest


class LoseAddress(_AboutOneAccount):
    """Let an account go that never proved to read its address, or let it keep its old one: another has claimed it."""

    type: ClassVar[str] = "account.lose_address"
    address: Digest


class AskAddressChange(_AboutOneAccount):
    """Change to another address, which is held for the account; both addresses must agree."""

    type: ClassVar[str] = "account.ask_address_change"
    address: Digest
    changing: Changing


class ConfirmAddressChange(_AboutOneAccount):
    """Agree to a change of address with the token that was sent to the old one."""

    type: ClassVar[str] = "account.confirm_address_change"
    token: Digest


class ChangeProfile(_AboutOneAccount):
    """Change parts of the profile; the others stay."""

    type: ClassVar[str] = "account.change_profile"
    profile: Profile


class SetPassword(_AboutOneAccount):
    """Have another password. The door checked the one before, of this `generation`; all sessions end."""

    type: ClassVar[str] = "account.set_password"
    password: Sealed
    generation: Generation


class RehashPassword(_AboutOneAccount):
    """Keep the same password hashed as today's parameters want it; nothing else changes."""

    type: ClassVar[str] = "account.rehash_password"
    password: Sealed
    generation: Generation


class AskPasswordReset(_AboutOneAccount):
    """Send a token to the address with which a new password can be set; soon after another one, nothing is sent."""

    type: ClassVar[str] = "account.ask_password_reset"
    proof: Proof


class ResetPassword(_AboutOneAccount):
    """Set a new password with the token that was sent to the address; all sessions end."""

    type: ClassVar[str] = "account.reset_password"
    token: Digest
    password: Sealed


class RevokeSessions(_AboutOneAccount):
    """End all sessions of an account, and with them every token."""

    type: ClassVar[str] = "account.revoke_sessions"


class SuspendAccount(_AboutOneAccount):
    """Let an account do nothing until it is reinstated; all sessions end, and its keys are refused."""

    type: ClassVar[str] = "account.suspend"


class ReinstateAccount(_AboutOneAccount):
    """Let a suspended account work again."""

    type: ClassVar[str] = "account.reinstate"


class CloseAccount(_AboutOneAccount):
    """End an account for good; what it left stays, and its address is free again."""

    type: ClassVar[str] = "account.close"


class EraseAccount(_AboutOneAccount):
    """End an account for good and make everything personal of it unreadable, in all of history and in every copy."""

    type: ClassVar[str] = "account.erase"


class GiveRole(_AboutOneAccount):
    """Give an account a role; it works from the next request on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_ACCOUNT, "role": "auditor"}]})
    type: ClassVar[str] = "account.give_role"
    role: RoleName


class TakeRole(_AboutOneAccount):
    """Take a role from an account; it no longer works from the next request on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_ACCOUNT, "role": "auditor"}]})
    type: ClassVar[str] = "account.take_role"
    role: RoleName


class AccountOpened(Fact):
    """There is an account of a person."""

    type: ClassVar[str] = "account.opened"
    address: str
    opening: Opening


class ServiceAccountOpened(Fact):
    """There is an account of a service."""

    type: ClassVar[str] = "account.service_opened"
    name: str
    roles: tuple[str, ...]


class AccountVerified(Fact):
    """The account proved to read its address."""

    type: ClassVar[str] = "account.verified"


class AddressChangeAsked(Fact):
    """The account wants another address; `replaced` is one that it wanted before and lets go of."""

    type: ClassVar[str] = "account.address_change_asked"
    address: str
    changing: Changing
    replaced: str | None = None


class AddressChangeConfirmed(Fact):
    """One of both addresses agreed to the change, and the other has not yet."""

    type: ClassVar[str] = "account.address_change_confirmed"
    by: str


class AddressChanged(Fact):
    """The account has another address, which it proved to read; `former` is free again."""

    type: ClassVar[str] = "account.address_changed"
    address: str
    sealed_address: str
    former: str


class AddressChangeDropped(Fact):
    """The account keeps its address: another has the one that it wanted."""

    type: ClassVar[str] = "account.address_change_dropped"
    address: str


class ProfileChanged(Fact):
    """Parts of the profile are these; `-` stands for one that is no more."""

    type: ClassVar[str] = "account.profile_changed"
    profile: dict[str, str]


class PasswordSet(Fact):
    """The account has another password; sign-ins of earlier generations are worth nothing."""

    type: ClassVar[str] = "account.password_set"
    password: str
    generation: int


class PasswordRehashed(Fact):
    """The same password is kept as another hash."""

    type: ClassVar[str] = "account.password_rehashed"
    password: str


class PasswordResetAsked(Fact):
    """A token was made with which a new password can be set, as long as the account keeps its address."""

    type: ClassVar[str] = "account.password_reset_asked"
    proof: Proof


class PasswordReset(Fact):
    """The account has another password, set by who reads its `address`; earlier sign-ins are worth nothing."""

    type: ClassVar[str] = "account.password_reset"
    password: str
    generation: int
    address: str


class SessionsRevoked(Fact):
    """All sign-ins of earlier generations are worth nothing."""

    type: ClassVar[str] = "account.sessions_revoked"
    generation: int


class AccountSuspended(Fact):
    """The account may do nothing; earlier sign-ins are worth nothing."""

    type: ClassVar[str] = "account.suspended"
    generation: int


class AccountReinstated(Fact):
    """The account may work again."""

    type: ClassVar[str] = "account.reinstated"


class AccountClosed(Fact):
    """The account is no more; `addresses` are free again."""

    type: ClassVar[str] = "account.closed"
    generation: int
    addresses: tuple[str, ...]


class AccountErased(Fact):
    """The account is no more and its key is destroyed: nothing sealed with it can be read; `addresses` are free."""

    type: ClassVar[str] = "account.erased"
    generation: int
    addresses: tuple[str, ...]


class RoleGiven(Fact):
    """The account has a role more."""

    type: ClassVar[str] = "account.role_given"
    role: str


class RoleTaken(Fact):
    """The account has a role less."""

    type: ClassVar[str] = "account.role_taken"
    role: str


RESET_AGAIN_MS: Time = 10 * 60 * 1000
"""How much longer than the token before another one must count for it to be made, in milliseconds: anybody asks for it.

Else who knows an address could void each token before it is used, and shorten an invitation.
"""

AccountCommand = (
    OpenAccount
    | OpenServiceAccount
    | NoteVerified
    | LoseAddress
    | AskAddressChange
    | ConfirmAddressChange
    | ChangeProfile
    | SetPassword
    | RehashPassword
    | AskPasswordReset
    | ResetPassword
    | RevokeSessions
    | SuspendAccount
    | ReinstateAccount
    | CloseAccount
    | EraseAccount
    | GiveRole
    | TakeRole
)

AccountFact = (
    AccountOpened
    | ServiceAccountOpened
    | AccountVerified
    | AddressChangeAsked
    | AddressChangeConfirmed
    | AddressChanged
    | AddressChangeDropped
    | ProfileChanged
    | PasswordSet
    | PasswordRehashed
    | PasswordResetAsked
    | PasswordReset
    | SessionsRevoked
    | AccountSuspended
    | AccountReinstated
    | AccountClosed
    | AccountErased
    | RoleGiven
    | RoleTaken
)

DOMAIN = Domain(
    name="account",
    commands=get_args(AccountCommand),
    facts=get_args(AccountFact),
    refusals={
        "account_unknown": 404,
        "account_forbidden": 403,
        "account_exists": 409,
        "account_not_active": 403,
        "account_is_service": 409,
        "credentials_changed": 409,
        "no_address_change": 409,
        "too_many_roles": 422,
        "token_wrong": 422,
    },
    partitions=4,
)
