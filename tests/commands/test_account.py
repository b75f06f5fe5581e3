"""What may be done with an account."""

from typing import Any

import pytest
from msgspec import msgpack

from commands.account import decider
from schemas.account import (
    RESET_AGAIN_MS,
    AccountClosed,
    AccountErased,
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
from schemas.message import Command
from schemas.person import NOTHING
from tests.commands.people import HOUR, SEALED, changing, digest, opening, proof, sealed
from tests.given import given

ABOUT: dict[str, Any] = {"account_id": "alice"}
HOME, WORK, CABIN = map(digest, ("home", "work", "cabin"))

opened = AccountOpened(address=HOME, opening=opening())
invited = AccountOpened(address=HOME, opening=opening(password=None))
service = ServiceAccountOpened(name="import", roles=("service",))
member = (opened, AccountVerified())
to_work = AddressChangeAsked(address=WORK, changing=changing(old=proof("old")))
moving = (*member, to_work)
moved = AddressChanged(address=WORK, sealed_address=sealed("work"), former=HOME)
by_new, by_old = AddressChangeConfirmed(by="new"), AddressChangeConfirmed(by="old")
reset_asked = PasswordResetAsked(proof=proof("reset"))
password_set = PasswordSet(password=sealed("other"), generation=1)
suspended = AccountSuspended(generation=1)
closed = AccountClosed(generation=1, addresses=(HOME,))
erased = AccountErased(generation=1, addresses=(HOME,))

open_account = OpenAccount(**ABOUT, address=HOME, opening=opening())
revoke = RevokeSessions(**ABOUT)
suspend, reinstate = SuspendAccount(**ABOUT), ReinstateAccount(**ABOUT)
close, erase = CloseAccount(**ABOUT), EraseAccount(**ABOUT)
reset = AskPasswordReset(**ABOUT, proof=proof("reset"))


def note_verified(address: str) -> NoteVerified:
    return NoteVerified(**ABOUT, address=address)


def lose(address: str) -> LoseAddress:
    return LoseAddress(**ABOUT, address=address)


def move(to: str = "work", *, new: str = "new", old: str | None = "old") -> AskAddressChange:
    agreeing = proof(old) if old else None
    return AskAddressChange(**ABOUT, address=digest(to), changing=changing(to, new=proof(new), old=agreeing))


def agree(shown: str = "old") -> ConfirmAddressChange:
    return ConfirmAddressChange(**ABOUT, token=digest(shown))


def profile(**parts: str) -> ChangeProfile:
    return ChangeProfile(**ABOUT, profile=parts)


def set_password(text: str = "other", generation: int = 0) -> SetPassword:
    return SetPassword(**ABOUT, password=sealed(text), generation=generation)


def rehash(text: str = "harder", generation: int = 0) -> RehashPassword:
    return RehashPassword(**ABOUT, password=sealed(text), generation=generation)


def reset_password(shown: str = "reset", text: str = "other") -> ResetPassword:
    return ResetPassword(**ABOUT, token=digest(shown), password=sealed(text))


def ask_reset(until: int) -> AskPasswordReset:
    return AskPasswordReset(**ABOUT, proof=proof("newer", until))


def give(role: str) -> GiveRole:
    return GiveRole(**ABOUT, role=role)


def take(role: str) -> TakeRole:
    return TakeRole(**ABOUT, role=role)


ASKED_OF_LIVE_ACCOUNTS = [
    note_verified(HOME),
    move(),
    agree(),
    profile(locale=sealed("en")),
    set_password(),
    reset,
    reset_password(),
    revoke,
    suspend,
    reinstate,
    give("auditor"),
    take("member"),
]


@pytest.mark.parametrize("command", ASKED_OF_LIVE_ACCOUNTS, ids=lambda command: command.type)
def test_of_an_account_that_is_none_nothing_is_asked(command: Command) -> None:
    given().when(command).refused("account_unknown")
    given(*member, closed).when(command).refused("account_unknown")
    given(*member, erased).when(command).refused("account_unknown")


@pytest.mark.parametrize(
    "command",
    [move(), agree(), profile(locale=sealed("en")), set_password(), reset, reset_password()],
    ids=lambda command: command.type,
)
def test_a_service_has_nothing_that_a_person_has(command: Command) -> None:
    given(service).when(command).refused("account_is_service")


@pytest.mark.parametrize(
    "command",
    [agree(), profile(locale=sealed("en")), set_password(), reset, reset_password()],
    ids=lambda command: command.type,
)
def test_who_is_suspended_does_nothing(command: Command) -> None:
    given(*member, suspended).when(command).refused("account_not_active")


class TestOpen:
    def test_a_person_has_an_account(self) -> None:
        given().when(open_account).then(opened)

    def test_a_service_has_one(self) -> None:
        given().when(OpenServiceAccount(**ABOUT, name="import")).then(service)
        twice = OpenServiceAccount(**ABOUT, name="import", roles=("service", "auditor", "service"))
        given().when(twice).then(ServiceAccountOpened(name="import", roles=("auditor", "service")))

    def test_the_same_again_adds_nothing(self) -> None:
        given(opened).when(open_account).quiet()
        given(service).when(OpenServiceAccount(**ABOUT, name="import")).quiet()

    def test_no_other_account_has_its_id(self) -> None:
        given(opened).when(OpenAccount(**ABOUT, address=WORK, opening=opening())).refused("account_exists")
        given(opened).when(OpenServiceAccount(**ABOUT, name="import")).refused("account_exists")
        given(service).when(OpenServiceAccount(**ABOUT, name="export")).refused("account_exists")

    def test_an_id_is_never_used_again(self) -> None:
        given(*member, closed).when(open_account).refused("account_exists")
        given(*member, erased).when(open_account).refused("account_exists")

    def test_it_begins_with_20_roles_at_the_most(self) -> None:
        roles = tuple(f"role{n}" for n in range(21))
        given().when(OpenAccount(**ABOUT, address=HOME, opening=opening(roles=roles))).refused("too_many_roles")
        one = opening(roles=("member",) * 21)
        given().when(OpenAccount(**ABOUT, address=HOME, opening=one)).then(AccountOpened(address=HOME, opening=one))


class TestAddress:
    def test_an_account_is_verified_once(self) -> None:
        given(opened).when(note_verified(HOME)).then(AccountVerified())
        given(*member).when(note_verified(HOME)).quiet()
        given(AccountOpened(address=HOME, opening=opening(verified=True))).when(note_verified(HOME)).quiet()

    def test_an_address_of_nothing_that_is_wanted_is_no_matter(self) -> None:
        given(opened).when(note_verified(WORK)).quiet()
        given(*moving).when(note_verified(CABIN)).quiet()

    def test_who_never_proved_to_read_the_address_loses_the_account_to_who_claims_it(self) -> None:
        given(opened).when(lose(HOME)).then(AccountClosed(generation=1, addresses=()))
        given(opened, to_work).when(lose(HOME)).then(AccountClosed(generation=1, addresses=(WORK,)))

    def test_who_proved_it_loses_nothing(self) -> None:
        given(*member).when(lose(HOME)).quiet()
        given(*member).when(lose(WORK)).quiet()
        given(*moving).when(lose(CABIN)).quiet()
        given().when(lose(HOME)).quiet()


class TestAddressChange:
    def test_both_addresses_agree_the_new_one_first(self) -> None:
        given(*member).when(move()).then(to_work)
        given(*moving).when(note_verified(WORK)).then(by_new)
        given(*moving, by_new).when(agree()).then(moved)

    def test_both_addresses_agree_the_old_one_first(self) -> None:
        given(*moving).when(agree()).then(by_old)
        given(*moving, by_old).when(note_verified(WORK)).then(moved)

    def test_an_old_address_that_nobody_proved_to_read_need_not_agree(self) -> None:
        given(opened, to_work).when(note_verified(WORK)).then(moved)

    def test_an_old_address_that_was_not_asked_need_not_agree(self) -> None:
        asked = AddressChangeAsked(address=WORK, changing=changing())
        given(*member).when(move(old=None)).then(asked)
        given(*member, asked).when(note_verified(WORK)).then(moved)
        given(*member, asked).when(agree()).refused("token_wrong")

    def test_the_account_is_verified_then_and_loses_neither_address(self) -> None:
        given(opened, to_work, moved).when(note_verified(WORK)).quiet()
        given(opened, to_work, moved).when(lose(WORK)).quiet()
        given(opened, to_work, moved).when(lose(HOME)).quiet()

    def test_the_new_address_is_the_account_s_from_then_on(self) -> None:
        given(*moving, by_new, moved).when(close).then(AccountClosed(generation=1, addresses=(WORK,)))
        given(*moving, by_new, moved).when(move("work")).quiet()
        given(*moving, by_new, moved).when(move("home")).then(
            AddressChangeAsked(address=HOME, changing=changing("home", old=proof("old")))
        )

    def test_another_change_replaces_one_that_is_not_made(self) -> None:
        to_cabin = AddressChangeAsked(address=CABIN, changing=changing("cabin", old=proof("old")), replaced=WORK)
        given(*moving).when(move("cabin")).then(to_cabin)
        given(*moving, to_cabin).when(note_verified(WORK)).quiet()
        given(*moving, by_new, to_cabin).when(agree()).then(by_old)

    def test_the_same_change_again_adds_nothing(self) -> None:
        given(*moving).when(move()).quiet()
        given(*moving, by_new).when(move()).quiet()

    def test_a_change_to_the_address_that_it_has_adds_nothing(self) -> None:
        given(*member).when(move("home")).quiet()

    def test_the_same_change_with_another_token_keeps_what_the_new_address_proved(self) -> None:
        again = AddressChangeAsked(address=WORK, changing=changing(old=proof("another")))
        given(*moving, by_new).when(move(old="another")).then(again)
        given(*moving, by_new, again).when(agree()).refused("token_wrong")
        given(*moving, by_new, again).when(agree("another")).then(moved)

    def test_what_the_old_address_agreed_to_is_this_change_only(self) -> None:
        again = AddressChangeAsked(address=WORK, changing=changing(old=proof("another")))
        given(*moving, by_old, again).when(note_verified(WORK)).then(by_new)

    def test_the_token_counts_until_its_time(self) -> None:
        given(*moving).when(agree(), at=HOUR).then(by_old)
        given(*moving).when(agree(), at=HOUR + 1).refused("token_wrong")
        given(*moving).when(agree("new")).refused("token_wrong")

    def test_there_is_nothing_to_agree_to_without_a_change(self) -> None:
        given(*member).when(agree()).refused("no_address_change")

    def test_a_token_that_agreed_adds_nothing_however_late(self) -> None:
        given(*moving, by_old).when(agree(), at=2 * HOUR).quiet()
        given(*moving, by_old, moved).when(agree(), at=2 * HOUR).quiet()

    def test_another_who_has_the_new_address_ends_the_change(self) -> None:
        dropped = AddressChangeDropped(address=WORK)
        given(*moving).when(lose(WORK)).then(dropped)
        given(*moving, dropped).when(agree()).refused("no_address_change")
        given(*moving, dropped).when(note_verified(HOME)).quiet()

    def test_a_token_that_was_sent_to_the_old_address_sets_no_password(self) -> None:
        given(*moving, reset_asked, moved).when(reset_password()).refused("token_wrong")

    def test_a_change_goes_on_while_the_account_is_suspended_but_nobody_agrees(self) -> None:
        given(*moving, suspended).when(note_verified(WORK)).then(by_new)
        given(*moving, suspended).when(lose(WORK)).then(AddressChangeDropped(address=WORK))


class TestProfile:
    named = ProfileChanged(profile={"display_name": sealed("Al"), "locale": sealed("en")})

    def test_only_parts_that_differ_change(self) -> None:
        given(opened).when(profile(display_name=sealed("Al"), locale=sealed("en"))).then(self.named)
        given(opened, self.named).when(profile(display_name=sealed("Al"), locale=sealed("fr"))).then(
            ProfileChanged(profile={"locale": sealed("fr")})
        )

    def test_a_part_is_taken_away(self) -> None:
        given(opened, self.named).when(profile(locale=NOTHING)).then(ProfileChanged(profile={"locale": NOTHING}))

    def test_a_part_that_was_nothing_from_the_beginning_is_none(self) -> None:
        begun = AccountOpened(address=HOME, opening=opening(profile={"locale": NOTHING}))
        given(begun).when(profile(locale=NOTHING)).quiet()
        assert decider.evolve(decider.initial, begun).profile == {}

    def test_what_is_so_already_adds_nothing(self) -> None:
        given(opened).when(profile(display_name=sealed("Alice"))).quiet()
        given(opened).when(profile(locale=NOTHING)).quiet()
        given(opened).when(profile()).quiet()

    def test_nobody_else_changes_it(self) -> None:
        given(opened).when(profile(locale=sealed("en")), by="bob").refused("account_forbidden")


class TestSetPassword:
    def test_another_password_ends_all_sign_ins(self) -> None:
        given(opened).when(set_password()).then(password_set)

    def test_of_two_who_knew_the_one_before_the_first_sets_it(self) -> None:
        given(opened, password_set).when(set_password("third")).refused("credentials_changed")
        given(opened, SessionsRevoked(generation=1)).when(set_password()).refused("credentials_changed")

    def test_the_same_password_later_is_another_one(self) -> None:
        given(opened, password_set).when(set_password(generation=1)).then(
            PasswordSet(password=sealed("other"), generation=2)
        )

    def test_who_was_invited_begins_with_the_token_instead(self) -> None:
        given(invited).when(set_password()).refused("credentials_changed", "token")

    def test_a_token_to_reset_the_one_before_is_worth_nothing(self) -> None:
        given(opened, reset_asked, password_set).when(reset_password()).refused("token_wrong")

    def test_nobody_else_sets_it(self) -> None:
        given(opened).when(set_password(), by="bob").refused("account_forbidden")


class TestRehash:
    def test_the_same_password_is_kept_as_another_hash_and_no_sign_in_ends(self) -> None:
        rehashed = PasswordRehashed(password=sealed("harder"))
        given(opened).when(rehash()).then(rehashed)
        given(opened, rehashed).when(set_password()).then(password_set)

    def test_it_is_a_courtesy_that_nobody_is_refused(self) -> None:
        given(opened, password_set).when(rehash()).quiet()
        given(invited).when(rehash()).quiet()
        given(service).when(rehash()).quiet()
        given(*member, closed).when(rehash(generation=1)).quiet()
        given().when(rehash()).quiet()


class TestResetPassword:
    fresh = PasswordReset(password=sealed("other"), generation=1, address=HOME)

    def test_who_reads_the_address_sets_another_password(self) -> None:
        given(opened).when(reset).then(reset_asked)
        given(opened, reset_asked).when(reset_password()).then(self.fresh)

    def test_the_token_counts_until_its_time(self) -> None:
        given(opened, reset_asked).when(reset_password(), at=HOUR).then(self.fresh)
        given(opened, reset_asked).when(reset_password(), at=HOUR + 1).refused("token_wrong")

    def test_the_token_counts_once(self) -> None:
        given(opened, reset_asked, self.fresh).when(reset_password(text="third")).refused("token_wrong")
        given(opened, reset_asked, self.fresh).when(reset_password(), at=2 * HOUR).quiet()

    def test_only_the_newest_token_counts(self) -> None:
        newer = PasswordResetAsked(proof=proof("newer", HOUR + RESET_AGAIN_MS))
        given(opened, reset_asked).when(ask_reset(HOUR + RESET_AGAIN_MS)).then(newer)
        given(opened, reset_asked, newer).when(reset_password()).refused("token_wrong")
        given(opened, reset_asked, newer).when(reset_password("newer")).then(self.fresh)

    def test_a_token_that_was_sent_just_now_is_not_voided(self) -> None:
        given(opened, reset_asked).when(ask_reset(HOUR + RESET_AGAIN_MS - 1)).quiet()

    def test_once_it_was_used_another_one_is_sent_at_once(self) -> None:
        given(opened, reset_asked, self.fresh).when(ask_reset(HOUR + 1)).then(
            PasswordResetAsked(proof=proof("newer", HOUR + 1))
        )

    def test_an_invitation_is_never_shortened(self) -> None:
        week = AccountOpened(address=HOME, opening=opening(password=None, proof=proof("token", 7 * 24 * HOUR)))
        given(week).when(ask_reset(HOUR)).quiet()
        longer = 7 * 24 * HOUR + RESET_AGAIN_MS
        given(week).when(ask_reset(longer)).then(PasswordResetAsked(proof=proof("newer", longer)))

    def test_without_asking_there_is_no_token(self) -> None:
        given(opened).when(reset_password()).refused("token_wrong")

    def test_who_was_invited_sets_the_first_password_with_the_invitation(self) -> None:
        given(invited).when(reset_password("token")).then(self.fresh)
        given(invited, self.fresh).when(reset_password("token", "third")).refused("token_wrong")

    def test_what_verifies_the_address_of_who_has_a_password_sets_no_other(self) -> None:
        given(opened).when(reset_password("token")).refused("token_wrong")

    def test_who_came_in_with_it_sets_a_password_of_this_generation(self) -> None:
        given(opened, reset_asked, self.fresh).when(set_password("third", generation=1)).then(
            PasswordSet(password=sealed("third"), generation=2)
        )


class TestStanding:
    def test_all_sign_ins_end_each_time_that_it_is_asked(self) -> None:
        _, facts = given(opened).when(revoke).decided()
        assert facts == [SessionsRevoked(generation=1)]
        _, facts = given(opened, *facts).when(revoke).decided()
        assert facts == [SessionsRevoked(generation=2)]

    def test_an_account_is_suspended_and_reinstated(self) -> None:
        given(*member).when(suspend).then(suspended)
        given(*member, suspended).when(reinstate).then(AccountReinstated())
        given(*member, suspended, AccountReinstated()).when(set_password(generation=1)).then(
            PasswordSet(password=sealed("other"), generation=2)
        )

    def test_what_is_so_already_adds_nothing(self) -> None:
        given(*member, suspended).when(suspend).quiet()
        given(*member).when(reinstate).quiet()

    def test_a_service_is_suspended_too(self) -> None:
        given(service).when(suspend).then(suspended)

    def test_a_closed_account_lets_go_of_its_addresses(self) -> None:
        given(*member).when(close).then(closed)
        given(*moving).when(close).then(AccountClosed(generation=1, addresses=(HOME, WORK)))
        given(service).when(close).then(AccountClosed(generation=1, addresses=()))
        given(*member, suspended).when(close).then(AccountClosed(generation=2, addresses=(HOME,)))

    def test_so_does_one_that_is_erased(self) -> None:
        given(*member).when(erase).then(erased)
        given(*moving).when(erase).then(AccountErased(generation=1, addresses=(HOME, WORK)))
        given(*member, suspended).when(erase).then(AccountErased(generation=2, addresses=(HOME,)))

    def test_a_closed_account_is_erased_and_has_no_address_to_let_go(self) -> None:
        given(*member, closed).when(erase).then(AccountErased(generation=2, addresses=()))

    def test_what_ended_ends_no_more(self) -> None:
        given(*member, closed).when(close).quiet()
        given(*member, erased).when(close).quiet()
        given(*member, erased).when(erase).quiet()
        given(*member, closed).when(lose(HOME)).quiet()

    def test_what_never_was_does_not_end(self) -> None:
        given().when(close).refused("account_unknown")
        given().when(erase).refused("account_unknown")

    @pytest.mark.parametrize("ended", [closed, erased])
    def test_nothing_that_was_sealed_is_kept_of_what_ended(self, ended: AccountClosed | AccountErased) -> None:
        account = decider.initial
        for fact in (*moving, reset_asked):
            account = decider.evolve(account, fact)
        assert SEALED.encode() in msgpack.encode(account)
        assert SEALED.encode() not in msgpack.encode(decider.evolve(account, ended))


class TestRoles:
    def test_a_role_is_given_and_taken(self) -> None:
        given(opened).when(give("auditor")).then(RoleGiven(role="auditor"))
        given(opened, RoleGiven(role="auditor")).when(take("auditor")).then(RoleTaken(role="auditor"))
        given(opened).when(take("member")).then(RoleTaken(role="member"))
        given(service).when(take("service")).then(RoleTaken(role="service"))
        given(service).when(give("auditor")).then(RoleGiven(role="auditor"))

    def test_what_is_so_already_adds_nothing(self) -> None:
        given(opened).when(give("member")).quiet()
        given(opened).when(take("auditor")).quiet()

    def test_an_account_has_20_roles_at_the_most(self) -> None:
        roles = tuple(RoleGiven(role=f"role{n}") for n in range(19))
        given(opened, *roles).when(give("auditor")).refused("too_many_roles", "20")
        given(opened, *roles).when(give("role1")).quiet()
        given(opened, *roles[1:]).when(give("auditor")).then(RoleGiven(role="auditor"))

    def test_a_suspended_account_may_have_other_roles_when_it_comes_back(self) -> None:
        given(opened, suspended).when(take("member")).then(RoleTaken(role="member"))
