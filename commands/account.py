"""The rules of accounts: who one is, how it is reached and what ends its sign-ins.

A person's account asks for itself what is personal: profile and password. Who else may ask what, the doors decide.
What concerns its addresses is noted whoever asks, even of an account that is suspended. Nothing is left to ask of one
that is closed or erased, and nothing that was sealed is kept of it here.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.account import (
    RESET_AGAIN_MS,
    AccountClosed,
    AccountCommand,
    AccountErased,
    AccountFact,
    AccountOpened,
    AccountReinstated,
    AccountSuspended,
    AccountVerified,
    AddressChangeAsked,
    AddressChangeConfirmed,
    AddressChanged,
    AddressChangeDropped,
    AskAddressChange,
    AskPasswordReset,
    ChangeProfile,
    CloseAccount,
    ConfirmAddressChange,
    EraseAccount,
    GiveRole,
    LoseAddress,
    NoteVerified,
    OpenAccount,
    OpenServiceAccount,
    PasswordRehashed,
    PasswordReset,
    PasswordResetAsked,
    PasswordSet,
    ProfileChanged,
    RehashPassword,
    ReinstateAccount,
    ResetPassword,
    RevokeSessions,
    RoleGiven,
    RoleTaken,
    ServiceAccountOpened,
    SessionsRevoked,
    SetPassword,
    SuspendAccount,
    TakeRole,
)
from schemas.person import NOTHING, Opening, Proof

MOST_ROLES = 20


class Token(Struct, frozen=True, gc=False):
    """The digest of a token that proves something, until a moment in milliseconds since 1970 UTC; or none."""

    digest: str = ""
    until: int = 0


class Change(Struct, frozen=True, gc=False):
    """A change of address that is not made yet: the token with which the old one agrees, and who has: old or new."""

    address: str
    sealed_address: str
    old: Token = Token()
    agreed: str = ""


class Account(Struct, frozen=True, gc=False):
    """An account; `service` is the name of one that is no person.

    `reset` is the token with which a password can be set. `reset_with` and `changed_with` are the digests of those
    that set the last one and that agreed to the last change of address: shown again, they add nothing.
    """

    status: Literal["absent", "active", "suspended", "closed", "erased"] = "absent"
    service: str = ""
    address: str = ""
    verified: bool = False
    password: str = ""
    profile: dict[str, str] = {}
    roles: tuple[str, ...] = ()
    generation: int = 0
    reset: Token = Token()
    reset_with: str = ""
    change: Change | None = None
    changed_with: str = ""


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(account: Account, command: AccountCommand, asking: Asking) -> list[AccountFact]:  # noqa: C901, PLR0911, PLR0912 - one line for each command
    match command:
        case OpenAccount():
            return _open(account, AccountOpened(address=command.address, opening=command.opening))
        case OpenServiceAccount():
            return _open(account, ServiceAccountOpened(name=command.name, roles=_distinct(command.roles)))
        case NoteVerified():
            return _note_verified(_live(account), command.address)
        case LoseAddress():
            return _lose_address(account, command.address)
        case AskAddressChange():
            return _ask_address_change(_person(account), command)
        case ConfirmAddressChange():
            return _confirm_address_change(_active(_person(account)), command, asking.time)
        case ChangeProfile():
            return _change_profile(_active(_own(account, command.account_id, asking)), command)
        case SetPassword():
            return _set_password(_active(_own(account, command.account_id, asking)), command)
        case RehashPassword():
            return _rehash_password(account, command)
        case AskPasswordReset():
            return _ask_password_reset(_active(_person(account)), command)
        case ResetPassword():
            return _reset_password(_active(_person(account)), command, asking.time)
        case RevokeSessions():
            # What was begun since the last time ends as well, so asking again is not the same again.
            return [SessionsRevoked(generation=_live(account).generation + 1)]
        case SuspendAccount():
            return [] if _suspended(account) else [AccountSuspended(generation=account.generation + 1)]
        case ReinstateAccount():
            return [AccountReinstated()] if _suspended(account) else []
        case CloseAccount():
            return _close(account)
        case EraseAccount():
            return _erase(account)
        case GiveRole():
            return _give_role(_live(account), command.role)
        case TakeRole():
            return [RoleTaken(role=command.role)] if command.role in _live(account).roles else []


def _live(account: Account) -> Account:
    if account.status not in ("active", "suspended"):
        raise Refused("account_unknown", "There is no such account, or none any more; check its id.")
    return account


def _suspended(account: Account) -> bool:
    return _live(account).status == "suspended"


def _active(account: Account) -> Account:
    if _suspended(account):
        raise Refused("account_not_active", "The account is suspended; ask who runs this service to reinstate it.")
    return account


def _person(account: Account) -> Account:
    if _live(account).service:
        raise Refused("account_is_service", "A service has neither address, profile nor password; give it API keys.")
    return account


def _own(account: Account, account_id: str, asking: Asking) -> Account:
    if account_id != asking.actor.id:
        raise Refused("account_forbidden", "Only the account itself asks this; sign in as that account.")
    return _person(account)


def _open(account: Account, opened: AccountOpened | ServiceAccountOpened) -> list[AccountFact]:
    begun = evolve(Account(), opened)
    if begun == account:
        return []
    if account.status != "absent":
        raise Refused("account_exists", "This id is taken; open an account with another one, such as a random UUID.")
    _require_few(begun.roles)
    return [opened]


def _note_verified(account: Account, address: str) -> list[AccountFact]:
    if address == account.address:
        return [] if account.verified else [AccountVerified()]
    change = account.change
    if change is None or address != change.address:
        return []
    # Nobody proved to read the old address, so there is nobody whose agreement would mean anything.
    if change.agreed == "old" or not change.old.digest or not account.verified:
        return [_changed(account, change)]
    return [] if change.agreed == "new" else [AddressChangeConfirmed(by="new")]


def _lose_address(account: Account, address: str) -> list[AccountFact]:
    if address == account.address and not account.verified:
        return [_closed(account, lost=address)]
    if account.change is not None and address == account.change.address:
        return [AddressChangeDropped(address=address)]
    return []


def _ask_address_change(account: Account, command: AskAddressChange) -> list[AccountFact]:
    before = account.change
    asked = _change(command)
    if command.address == account.address or (before and replace(before, agreed="") == asked):
        return []
    replaced = before.address if before and before.address != command.address else None
    return [AddressChangeAsked(address=command.address, changing=command.changing, replaced=replaced)]


def _confirm_address_change(account: Account, command: ConfirmAddressChange, time: int) -> list[AccountFact]:
    change = account.change
    agreed = change.old.digest if change and change.agreed == "old" else account.changed_with
    if command.token == agreed:
        return []
    if change is None:
        raise Refused("no_address_change", "The account does not change its address; ask for the change first.")
    _require(change.old, command.token, time)
    return [_changed(account, change) if change.agreed == "new" else AddressChangeConfirmed(by="old")]


def _change_profile(account: Account, command: ChangeProfile) -> list[AccountFact]:
    changed = {part: sealed for part, sealed in command.profile.items() if sealed != account.profile.get(part, NOTHING)}
    return [ProfileChanged(profile=changed)] if changed else []


def _set_password(account: Account, command: SetPassword) -> list[AccountFact]:
    if (account.password, account.generation) == (command.password, command.generation + 1):
        return []
    if not account.password:
        told = "The account has no password yet; set one with the token that was sent to its address."
        raise Refused("credentials_changed", told)
    if account.generation != command.generation:
        told = "The password was changed or all sessions were ended meanwhile; sign in again, then ask again."
        raise Refused("credentials_changed", told)
    return [PasswordSet(password=command.password, generation=account.generation + 1)]


def _rehash_password(account: Account, command: RehashPassword) -> list[AccountFact]:
    # A hash of what was checked; when that is no longer so there is nothing to do, and nobody to be told.
    checked = account.password and account.generation == command.generation
    return [PasswordRehashed(password=command.password)] if checked and account.password != command.password else []


def _ask_password_reset(account: Account, command: AskPasswordReset) -> list[AccountFact]:
    # Anybody asks this of anybody: it neither voids a token that was sent just now nor shortens an invitation.
    soon = command.proof.until - account.reset.until < RESET_AGAIN_MS
    return [] if soon else [PasswordResetAsked(proof=command.proof)]


def _reset_password(account: Account, command: ResetPassword, time: int) -> list[AccountFact]:
    if (account.password, account.reset_with) == (command.password, command.token):
        return []
    _require(account.reset, command.token, time)
    reset = PasswordReset(password=command.password, generation=account.generation + 1, address=account.address)
    return [reset]


def _close(account: Account) -> list[AccountFact]:
    return [] if account.status in ("closed", "erased") else [_closed(_live(account))]


def _erase(account: Account) -> list[AccountFact]:
    if account.status == "erased":
        return []
    ended = account if account.status == "closed" else _live(account)
    return [AccountErased(generation=ended.generation + 1, addresses=_addresses(ended))]


def _give_role(account: Account, role: str) -> list[AccountFact]:
    if role in account.roles:
        return []
    _require_few((*account.roles, role))
    return [RoleGiven(role=role)]


def _require(awaited: Token, token: str, time: int) -> None:
    if token != awaited.digest or time > awaited.until:
        raise Refused("token_wrong", "The token is another one, or too old; ask for a new one.")


def _require_few(roles: tuple[str, ...]) -> None:
    if len(roles) > MOST_ROLES:
        raise Refused("too_many_roles", f"An account has at most {MOST_ROLES} roles; take one first.")


def _changed(account: Account, change: Change) -> AddressChanged:
    return AddressChanged(address=change.address, sealed_address=change.sealed_address, former=account.address)


def _closed(account: Account, lost: str = "") -> AccountClosed:
    free = tuple(address for address in _addresses(account) if address != lost)
    return AccountClosed(generation=account.generation + 1, addresses=free)


def _addresses(account: Account) -> tuple[str, ...]:
    held = (account.address, account.change.address if account.change else "")
    return tuple(address for address in held if address)


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(account: Account, fact: AccountFact) -> Account:  # noqa: C901, PLR0911, PLR0912 - one case for each fact
    change = account.change
    match fact:
        case AccountOpened():
            return _opened(fact.address, fact.opening)
        case ServiceAccountOpened():
            return Account("active", service=fact.name, roles=fact.roles)
        case AccountVerified():
            return replace(account, verified=True)
        case AddressChangeAsked():
            # What the new address proved stays so; the old one is asked about this change anew.
            proved = change and change.address == fact.address and change.agreed == "new"
            return replace(account, change=replace(_change(fact), agreed="new" if proved else ""))
        case AddressChangeConfirmed():
            return replace(account, change=change and replace(change, agreed=fact.by))
        case AddressChanged():
            return _moved(account, fact)
        case AddressChangeDropped():
            return replace(account, change=None)
        case ProfileChanged():
            return replace(account, profile=_parts(account.profile | fact.profile))
        case PasswordSet():
            # A token that lies in a mailbox since before sets no other one.
            return replace(account, password=fact.password, generation=fact.generation, reset=Token())
        case PasswordRehashed():
            return replace(account, password=fact.password)
        case PasswordResetAsked():
            return replace(account, reset=_token(fact.proof))
        case PasswordReset():
            used = account.reset.digest
            account = replace(account, password=fact.password, generation=fact.generation)
            return replace(account, reset=Token(), reset_with=used)
        case SessionsRevoked():
            return replace(account, generation=fact.generation)
        case AccountSuspended():
            return replace(account, status="suspended", generation=fact.generation)
        case AccountReinstated():
            return replace(account, status="active")
        case AccountClosed():
            return Account("closed", generation=fact.generation)
        case AccountErased():
            return Account("erased", generation=fact.generation)
        case RoleGiven():
            return replace(account, roles=(*account.roles, fact.role))
        case RoleTaken():
            return replace(account, roles=tuple(role for role in account.roles if role != fact.role))


def _opened(address: str, opening: Opening) -> Account:
    return Account(
        "active",
        address=address,
        verified=opening.verified,
        password=opening.password or "",
        profile=_parts(opening.profile),
        roles=_distinct(opening.roles),
        # Whoever is invited sets a first password with what proves that they read the address.
        reset=Token() if opening.password else _token(opening.proof),
    )


def _moved(account: Account, fact: AddressChanged) -> Account:
    # A token that was sent to the old address sets no password any more.
    agreed = account.change.old.digest if account.change else ""
    moved = replace(account, address=fact.address, verified=True, change=None, changed_with=agreed)
    return replace(moved, reset=Token())


def _parts(profile: dict[str, str]) -> dict[str, str]:
    return {part: sealed for part, sealed in profile.items() if sealed != NOTHING}


def _change(asked: AskAddressChange | AddressChangeAsked) -> Change:
    return Change(asked.address, asked.changing.sealed_address, _token(asked.changing.old))


def _token(proof: Proof | None) -> Token:
    return Token() if proof is None else Token(proof.token, proof.until)


def _distinct(roles: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(roles)))


decider = Decider(Account(), decide, evolve)
