"""What commands about people are made of, and such commands by chance: sealed text and digests say what they are of."""

import hashlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.account import (
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
    RehashPassword,
    ReinstateAccount,
    ResetPassword,
    RevokeSessions,
    SetPassword,
    SuspendAccount,
    TakeRole,
)
from schemas.address import ClaimAddress, ConfirmAddress, ReleaseAddress, RenewProof, VerifyAddress
from schemas.message import Command
from schemas.person import NOTHING, Changing, Opening, Proof
from schemas.totp import (
    RECOVERY_CODES,
    DisableTotp,
    EnableTotp,
    EnrolTotp,
    RenewRecoveryCodes,
    UseRecoveryCode,
    UseTotp,
)
from tests.commands.strategies import ACCOUNTS, Asked

HOUR = 3600 * 1000
SEALED = "sealed-"
"""How all begins here that stands for sealed text."""


def digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


def sealed(text: str) -> str:
    return SEALED + text


def proof(of: str = "token", until: int = HOUR) -> Proof:
    return Proof(token=digest(of), sealed=sealed(of), until=until)


def opening(**others: Any) -> Opening:
    fields = {"sealed_address": sealed("home"), "profile": {"display_name": sealed("Alice")}}
    return Opening(**{**fields, "password": sealed("hash"), "proof": proof(), **others})


def changing(to: str = "work", *, new: Proof | None = None, old: Proof | None = None) -> Changing:
    return Changing(sealed_address=sealed(to), new=new or proof("new"), old=old)


def codes(of: str) -> tuple[str, ...]:
    return tuple(digest(f"{of} {n}") for n in range(RECOVERY_CODES))


ADDRESSES = tuple(map(digest, ("home", "work")))
PROOFS = (proof("a", 6 * HOUR), proof("b", 40 * HOUR), proof("c", 80 * HOUR))
TOKENS = tuple(each.token for each in PROOFS)
OPENINGS = (
    *(opening(proof=each) for each in PROOFS),
    opening(password=None, proof=PROOFS[1], roles=("member", "member", "auditor")),
    opening(verified=True, proof=None),
)
CHANGINGS = (changing(new=PROOFS[0]), *(changing(new=new, old=old) for new in PROOFS[1:] for old in PROOFS[:2]))


def account_commands(account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one account."""
    about = {"account_id": account}
    passwords = [{"password": sealed(text), "generation": n} for text in ("hash", "other") for n in range(4)]
    return (
        *(OpenAccount(**about, address=ADDRESSES[0], opening=each) for each in OPENINGS),
        OpenServiceAccount(**about, name="import", roles=("service", "service")),
        *(NoteVerified(**about, address=address) for address in ADDRESSES),
        *(LoseAddress(**about, address=address) for address in ADDRESSES),
        *(AskAddressChange(**about, address=address, changing=each) for address in ADDRESSES for each in CHANGINGS),
        *(ConfirmAddressChange(**about, token=token) for token in TOKENS),
        *(ChangeProfile(**about, profile={"locale": text}) for text in (sealed("en"), sealed("fr"), NOTHING)),
        *(SetPassword(**about, **each) for each in passwords),
        *(RehashPassword(**about, **each) for each in passwords),
        *(AskPasswordReset(**about, proof=each) for each in PROOFS),
        *(ResetPassword(**about, token=token, password=sealed("new")) for token in TOKENS),
        RevokeSessions(**about),
        SuspendAccount(**about),
        ReinstateAccount(**about),
        CloseAccount(**about),
        EraseAccount(**about),
        *(GiveRole(**about, role=role) for role in ("auditor", "clerk")),
        *(TakeRole(**about, role=role) for role in ("auditor", "clerk")),
    )


def address_commands(address: str, account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one address, for one account."""
    about = {"address": address, "account_id": account}
    return (
        *(ClaimAddress(**about, opening=each) for each in OPENINGS),
        *(ClaimAddress(**about, changing=each) for each in CHANGINGS[:2]),
        ClaimAddress(**about),
        *(VerifyAddress(**about, token=token) for token in TOKENS),
        ConfirmAddress(**about),
        *(RenewProof(**about, proof=each) for each in PROOFS),
        ReleaseAddress(**about),
    )


def totp_commands(account: str) -> tuple[Command, ...]:
    """Give some commands of every type about one second factor."""
    about = {"account_id": account}
    secrets = (sealed("one"), sealed("two"))
    return (
        *(EnrolTotp(**about, secret=secret) for secret in secrets),
        *(EnableTotp(**about, secret=secret, step=step, codes=codes("a")) for secret in secrets for step in (1, 2)),
        *(UseTotp(**about, secret=secret, step=step) for secret in secrets for step in (1, 2, 3, 4)),
        *(UseRecoveryCode(**about, code=digest(f"{of} {n}")) for of in "ab" for n in (0, 9)),
        *(RenewRecoveryCodes(**about, codes=codes(of)) for of in "ab"),
        DisableTotp(**about),
    )


def account_sequences() -> SearchStrategy[list[Asked]]:
    """Give sequences in which an account is begun, and then asked for mostly by itself."""
    opens = [command for command in account_commands("alice") if isinstance(command, OpenAccount | OpenServiceAccount)]
    return _sequences(account_commands("alice"), ("alice",) * 4 + ACCOUNTS, opens)


def address_sequences() -> SearchStrategy[list[Asked]]:
    """Give sequences in which several accounts want two addresses."""
    commands = [each for address in ADDRESSES for account in ACCOUNTS for each in address_commands(address, account)]
    return _sequences(tuple(commands), ("door",))


def totp_sequences() -> SearchStrategy[list[Asked]]:
    """Give sequences in which an account has a second factor most of the time."""
    commands = totp_commands("alice")
    return _sequences(commands, ("alice",) * 6 + ("bob",), [each for each in commands if isinstance(each, EnrolTotp)])


def _sequences(
    commands: tuple[Command, ...], actors: tuple[str, ...], first: Sequence[Command] = ()
) -> SearchStrategy[list[Asked]]:
    types = sorted({command.type for command in commands})
    by_type = [[command for command in commands if command.type == of] for of in types]
    asked = st.tuples(st.sampled_from(actors), st.one_of(list(map(st.sampled_from, by_type))))
    rest = st.lists(asked, min_size=8, max_size=24)
    if not first:
        return rest
    return st.tuples(st.sampled_from(first), rest).map(lambda both: [(actors[0], both[0]), *both[1]])
