"""The policies: whenever this fact, ask that command (design §7). Pure; streams/policing.py sees to it."""

import hashlib
from collections.abc import Sequence
from typing import get_args

import uuid_utils

from schemas.account import (
    AccountClosed,
    AccountErased,
    AddressChangeAsked,
    AddressChanged,
    AskAddressChange,
    LoseAddress,
    NoteVerified,
    OpenAccount,
    PasswordReset,
)
from schemas.address import AddressClaimed, AddressVerified, ConfirmAddress, ReleaseAddress
from schemas.message import Asked, Command, CommandMeta, Fact, FactMeta, Recorded

Followed = (
    AddressClaimed
    | AddressVerified
    | PasswordReset
    | AddressChangeAsked
    | AddressChanged
    | AccountClosed
    | AccountErased
)
FOLLOWED: tuple[type[Fact], ...] = get_args(Followed)
"""The facts that something is asked after."""


def asked_after(recorded: Recorded) -> list[Asked]:
    """Give the commands to ask after a fact, in order; the same ones whoever makes them, and however often."""
    fact = recorded.fact
    commands = follow(recorded.meta.subject, fact) if isinstance(fact, Followed) else ()
    return [asked_by(recorded.meta, n, command) for n, command in enumerate(commands)]


def asked_by(fact: FactMeta, n: int, command: Command) -> Asked:
    """Give a command the id that it has as the n-th one after a fact: whoever asks it too adds nothing."""
    meta = CommandMeta(
        id=str(uuid_utils.uuid5(uuid_utils.UUID(fact.id), str(n))),
        type=command.type,
        subject=command.subject,
        time=fact.time,
        actor=fact.actor,
        correlation_id=fact.correlation_id,
        causation_id=fact.id,
        digest=hashlib.blake2b(f"{fact.id} {n} {command.type}".encode(), digest_size=16).hexdigest(),
    )
    return Asked(meta, command)


def follow(subject: str, fact: Followed) -> Sequence[Command]:
    """Say what is asked after a fact of this subject."""
    match fact:
        case AddressClaimed():
            return _claimed(subject, fact)
        case AddressVerified():
            return [NoteVerified(account_id=fact.account_id, address=subject)]
        case PasswordReset():
            # Whoever had the token reads the mail that it was sent in.
            return [ConfirmAddress(address=fact.address, account_id=subject)]
        case AddressChangeAsked():
            return [] if fact.replaced is None else [ReleaseAddress(address=fact.replaced, account_id=subject)]
        case AddressChanged():
            return [ReleaseAddress(address=fact.former, account_id=subject)]
        case AccountClosed() | AccountErased():
            return [ReleaseAddress(address=address, account_id=subject) for address in fact.addresses]


def _claimed(address: str, claimed: AddressClaimed) -> list[Command]:
    commands: list[Command] = []
    if claimed.opening is not None:
        commands.append(OpenAccount(account_id=claimed.account_id, address=address, opening=claimed.opening))
    if claimed.changing is not None:
        commands.append(AskAddressChange(account_id=claimed.account_id, address=address, changing=claimed.changing))
    if claimed.former is not None:
        commands.append(LoseAddress(account_id=claimed.former, address=address))
    return commands
