"""What may be done with a second factor."""

import pytest

from schemas.message import Command
from schemas.totp import (
    DisableTotp,
    EnableTotp,
    EnrolTotp,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    RenewRecoveryCodes,
    TotpDisabled,
    TotpEnabled,
    TotpEnrolled,
    TotpUsed,
    UseRecoveryCode,
    UseTotp,
)
from tests.commands.people import codes, digest, sealed
from tests.given import given

enrolled = TotpEnrolled(secret=sealed("one"))
enabled = (enrolled, TotpEnabled(step=100, codes=codes("a")))


def enrol(of: str = "one") -> EnrolTotp:
    return EnrolTotp(account_id="alice", secret=sealed(of))


def enable(of: str = "one") -> EnableTotp:
    return EnableTotp(account_id="alice", secret=sealed(of), step=100, codes=codes("a"))


def use(step: int, of: str = "one") -> UseTotp:
    return UseTotp(account_id="alice", secret=sealed(of), step=step)


def recover(code: str = "a 0") -> UseRecoveryCode:
    return UseRecoveryCode(account_id="alice", code=digest(code))


def renew(of: str = "b") -> RenewRecoveryCodes:
    return RenewRecoveryCodes(account_id="alice", codes=codes(of))


disable = DisableTotp(account_id="alice")


@pytest.mark.parametrize("command", [enrol(), enable(), use(101), recover(), renew(), disable])
def test_nobody_else_decides_on_the_factor_of_an_account(command: Command) -> None:
    given(*enabled).when(command, by="bob").refused("totp_forbidden")


class TestEnrol:
    def test_an_account_enrols_a_secret(self) -> None:
        given().when(enrol()).then(enrolled)

    def test_the_newest_secret_counts(self) -> None:
        again = TotpEnrolled(secret=sealed("two"))
        given(enrolled).when(enrol("two")).then(again)
        given(enrolled, again).when(enable()).refused("totp_not_enrolled")

    def test_a_factor_that_counts_is_not_replaced(self) -> None:
        given(*enabled).when(enrol("two")).refused("totp_enabled")

    def test_the_same_secret_adds_nothing(self) -> None:
        given(enrolled).when(enrol()).quiet()
        given(*enabled).when(enrol()).quiet()


class TestEnable:
    def test_a_secret_counts_once_its_code_was_shown(self) -> None:
        given(enrolled).when(use(100)).refused("totp_not_enabled")
        given(enrolled).when(enable()).then(enabled[1])

    def test_the_code_that_enabled_it_is_used(self) -> None:
        given(*enabled).when(use(100)).refused("code_used")

    def test_only_the_secret_that_was_enrolled(self) -> None:
        given().when(enable()).refused("totp_not_enrolled")
        given(enrolled).when(enable("two")).refused("totp_not_enrolled")
        given(*enabled).when(enable("two")).refused("totp_not_enrolled")

    def test_what_is_enabled_already_adds_nothing(self) -> None:
        given(*enabled).when(enable()).quiet()


class TestUse:
    def test_a_code_is_used_once(self) -> None:
        _, facts = given(*enabled).when(use(101)).decided()
        assert facts == [TotpUsed(step=101)]
        given(*enabled, *facts).when(use(101)).refused("code_used")

    def test_no_earlier_code_is_used_after_a_later_one(self) -> None:
        given(*enabled, TotpUsed(step=103)).when(use(102)).refused("code_used")

    def test_a_code_of_another_secret_is_worth_nothing(self) -> None:
        given(*enabled).when(use(101, "two")).refused("totp_not_enabled")

    def test_without_a_factor_there_are_no_codes(self) -> None:
        given().when(use(101)).refused("totp_not_enabled")
        given(*enabled, TotpDisabled()).when(use(101)).refused("totp_not_enabled")


class TestRecoveryCodes:
    def test_a_recovery_code_is_used_once(self) -> None:
        _, facts = given(*enabled).when(recover()).decided()
        assert facts == [RecoveryCodeUsed(code=digest("a 0"), left=9)]
        given(*enabled, *facts).when(recover()).refused("code_wrong")
        _, facts = given(*enabled, *facts).when(recover("a 9")).decided()
        assert facts == [RecoveryCodeUsed(code=digest("a 9"), left=8)]

    def test_no_other_code_recovers(self) -> None:
        given(*enabled).when(recover("guessed")).refused("code_wrong")
        given(enrolled).when(recover()).refused("totp_not_enabled")

    def test_other_codes_replace_all_that_were(self) -> None:
        renewed = RecoveryCodesRenewed(codes=codes("b"))
        given(*enabled).when(renew()).then(renewed)
        given(*enabled, renewed).when(recover("a 0")).refused("code_wrong")
        _, facts = given(*enabled, renewed).when(recover("b 0")).decided()
        assert facts == [RecoveryCodeUsed(code=digest("b 0"), left=9)]

    def test_the_same_codes_add_nothing(self) -> None:
        given(*enabled).when(renew("a")).quiet()

    def test_without_a_factor_there_are_none(self) -> None:
        given(enrolled).when(renew()).refused("totp_not_enabled")


class TestDisable:
    def test_an_account_gives_its_factor_up(self) -> None:
        given(*enabled).when(disable).then(TotpDisabled())
        given(enrolled).when(disable).then(TotpDisabled())

    def test_what_is_not_there_is_no_matter(self) -> None:
        given().when(disable).quiet()

    def test_it_may_have_another_one_then(self) -> None:
        given(*enabled, TotpDisabled()).when(enrol("two")).then(TotpEnrolled(secret=sealed("two")))
