"""Whenever this fact, ask that command."""

import pytest
import uuid_utils

from schemas import wire
from schemas.account import (
    AccountClosed,
    AccountErased,
    AccountVerified,
    AddressChangeAsked,
    AddressChanged,
    AddressChangeDropped,
    AskAddressChange,
    LoseAddress,
    NoteVerified,
    OpenAccount,
    PasswordReset,
)
from schemas.address import AddressClaimed, AddressReleased, AddressVerified, ConfirmAddress, ReleaseAddress
from schemas.message import Actor, Command, CommandRejected, Fact, FactMeta, Recorded
from schemas.person import Changing, Opening, Proof
from streams.policies import FOLLOWED, asked_after, asked_by

ALICE, BOB = (str(uuid_utils.uuid4()) for _ in range(2))
NOW = 1_764_000_000_000
OLD, NEW, NEWER = "0" * 64, "1" * 64, "2" * 64
PROOF = Proof(token="3" * 64, sealed="token", until=NOW)
SEALED = "sealed"
OPENING = Opening(sealed_address="address", profile={"locale": "a", "display_name": "b"}, proof=PROOF)
CHANGING = Changing(sealed_address="address", new=PROOF, old=PROOF)


def recorded(subject: str, fact: Fact) -> Recorded:
    meta = FactMeta(
        id=str(uuid_utils.uuid4()),
        type=fact.type,
        subject=subject,
        version=1,
        time=NOW,
        actor=Actor(id=ALICE, via="session", address="sealed"),
        command_id=str(uuid_utils.uuid4()),
        command_type="address.claim",
        command_offset=0,
        correlation_id=str(uuid_utils.uuid4()),
    )
    return Recorded(meta, fact)


def asked(subject: str, fact: Fact) -> list[Command]:
    return [each.command for each in asked_after(recorded(subject, fact))]


def test_an_account_is_opened_with_the_address_that_was_claimed_for_it() -> None:
    claimed = AddressClaimed(account_id=ALICE, claimed=NOW, opening=OPENING)
    assert asked(NEW, claimed) == [OpenAccount(account_id=ALICE, address=NEW, opening=OPENING)]


def test_a_change_of_address_is_asked_with_the_address_that_was_claimed_for_it() -> None:
    claimed = AddressClaimed(account_id=ALICE, claimed=NOW, changing=CHANGING)
    assert asked(NEW, claimed) == [AskAddressChange(account_id=ALICE, address=NEW, changing=CHANGING)]


def test_whoever_held_the_address_before_loses_it() -> None:
    claimed = AddressClaimed(account_id=ALICE, claimed=NOW, opening=OPENING, former=BOB)
    assert asked(NEW, claimed) == [
        OpenAccount(account_id=ALICE, address=NEW, opening=OPENING),
        LoseAddress(account_id=BOB, address=NEW),
    ]


def test_the_account_notes_that_it_proved_to_read_an_address() -> None:
    assert asked(NEW, AddressVerified(account_id=ALICE)) == [NoteVerified(account_id=ALICE, address=NEW)]


def test_a_new_password_with_a_token_that_was_mailed_proves_the_address() -> None:
    reset = PasswordReset(password=SEALED, generation=1, address=NEW)
    assert asked(ALICE, reset) == [ConfirmAddress(address=NEW, account_id=ALICE)]


def test_the_address_before_a_change_is_free_again() -> None:
    changed = AddressChanged(address=NEW, sealed_address="address", former=OLD)
    assert asked(ALICE, changed) == [ReleaseAddress(address=OLD, account_id=ALICE)]


def test_an_address_that_is_wanted_no_more_is_free_again() -> None:
    wanted = AddressChangeAsked(address=NEWER, changing=CHANGING, replaced=NEW)
    assert asked(ALICE, wanted) == [ReleaseAddress(address=NEW, account_id=ALICE)]
    assert asked(ALICE, AddressChangeAsked(address=NEW, changing=CHANGING)) == []


@pytest.mark.parametrize("over", [AccountClosed, AccountErased])
def test_the_addresses_of_an_account_that_is_over_are_free_again(over: type[AccountClosed | AccountErased]) -> None:
    assert asked(ALICE, over(generation=1, addresses=(OLD, NEW))) == [
        ReleaseAddress(address=OLD, account_id=ALICE),
        ReleaseAddress(address=NEW, account_id=ALICE),
    ]


@pytest.mark.parametrize(
    "fact",
    [
        AccountVerified(),
        AddressReleased(account_id=ALICE),
        AddressChangeDropped(address=NEW),
        CommandRejected(code="address_taken", reason="It is taken."),
    ],
)
def test_nothing_is_asked_after_other_facts(fact: Fact) -> None:
    assert asked(ALICE, fact) == []
    assert not isinstance(fact, FOLLOWED)


def test_a_command_is_named_by_its_fact_and_goes_on_with_its_cause() -> None:
    fact = recorded(NEW, AddressClaimed(account_id=ALICE, claimed=NOW, opening=OPENING, former=BOB))
    first, second = (each.meta for each in asked_after(fact))
    assert first.id == str(uuid_utils.uuid5(uuid_utils.UUID(fact.meta.id), "0"))
    assert second.id == str(uuid_utils.uuid5(uuid_utils.UUID(fact.meta.id), "1"))
    assert (first.type, first.subject) == ("account.open", ALICE)
    assert (first.time, first.actor) == (fact.meta.time, fact.meta.actor)
    assert (first.correlation_id, first.causation_id) == (fact.meta.correlation_id, fact.meta.id)
    assert first.expected_version is None


def test_a_door_asks_the_very_same_command() -> None:
    fact = recorded(NEW, AddressClaimed(account_id=ALICE, claimed=NOW, opening=OPENING))
    turned = OPENING.model_copy(update={"profile": dict(reversed(OPENING.profile.items()))})
    at_the_door = asked_by(fact.meta, 0, OpenAccount(account_id=ALICE, address=NEW, opening=turned))
    assert [at_the_door] == asked_after(fact)
    assert at_the_door.meta.digest == asked_after(fact)[0].meta.digest


def test_what_is_asked_differently_has_another_digest() -> None:
    fact = recorded(ALICE, AccountClosed(generation=1, addresses=(OLD, NEW)))
    first, second = asked_after(fact)
    assert first.meta.digest != second.meta.digest


def test_a_command_survives_the_way_to_its_topic() -> None:
    fact = recorded(NEW, AddressClaimed(account_id=ALICE, claimed=NOW, opening=OPENING, former=BOB))
    for each in asked_after(fact):
        assert wire.decode_command(wire.encode_command(each)) == each
