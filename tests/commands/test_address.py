"""What may be done with an address."""

from schemas.address import (
    RENEW_AGAIN_MS,
    UNPROVED_MS,
    AddressClaimed,
    AddressReleased,
    AddressVerified,
    ClaimAddress,
    ConfirmAddress,
    ProofRenewed,
    ReleaseAddress,
    RenewProof,
    VerifyAddress,
)
from schemas.person import Changing, Opening
from tests.commands.people import HOUR, changing, digest, opening, proof
from tests.given import given

HOME = digest("home")

claimed = AddressClaimed(account_id="alice", claimed=0, opening=opening())
verified = AddressVerified(account_id="alice")


def claim(account: str = "alice", opened: Opening | None = None, changed: Changing | None = None) -> ClaimAddress:
    wanted = opened or (None if changed else opening())
    return ClaimAddress(address=HOME, account_id=account, opening=wanted, changing=changed)


def verify(account: str = "alice", shown: str = "token") -> VerifyAddress:
    return VerifyAddress(address=HOME, account_id=account, token=digest(shown))


def renew(account: str = "alice", of: str = "another", until: int = 2 * HOUR) -> RenewProof:
    return RenewProof(address=HOME, account_id=account, proof=proof(of, until))


def confirm(account: str = "alice") -> ConfirmAddress:
    return ConfirmAddress(address=HOME, account_id=account)


def release(account: str = "alice") -> ReleaseAddress:
    return ReleaseAddress(address=HOME, account_id=account)


class TestClaim:
    def test_who_comes_first_holds_it(self) -> None:
        given().when(claim()).then(claimed)
        given().when(claim(), at=HOUR).then(claimed.model_copy(update={"claimed": HOUR}))

    def test_who_changes_to_it_holds_it(self) -> None:
        held = AddressClaimed(account_id="alice", claimed=0, changing=changing())
        given().when(claim(changed=changing())).then(held)

    def test_who_comes_second_does_not(self) -> None:
        given(claimed).when(claim("bob")).refused("address_taken")
        given(claimed).when(claim("bob", changed=changing())).refused("address_taken")

    def test_the_same_claim_adds_nothing(self) -> None:
        given(claimed).when(claim(), at=HOUR).quiet()

    def test_the_holder_asks_again_with_another_proof_and_that_one_counts(self) -> None:
        again = AddressClaimed(account_id="alice", claimed=0, changing=changing())
        given(claimed).when(claim(changed=changing()), at=HOUR).then(again)
        given(claimed, again).when(verify()).refused("token_wrong")
        given(claimed, again).when(verify(shown="new")).then(verified)

    def test_asking_again_holds_it_no_longer(self) -> None:
        again = AddressClaimed(account_id="alice", claimed=0, changing=changing())
        given(claimed, again).when(claim("bob"), at=UNPROVED_MS).then(
            AddressClaimed(account_id="bob", claimed=UNPROVED_MS, opening=opening(), former="alice")
        )

    def test_what_nobody_proved_to_read_for_a_day_is_free_for_another(self) -> None:
        given(claimed).when(claim("bob"), at=UNPROVED_MS - 1).refused("address_taken")
        taken = AddressClaimed(account_id="bob", claimed=UNPROVED_MS, opening=opening(), former="alice")
        given(claimed).when(claim("bob"), at=UNPROVED_MS).then(taken)
        given(claimed, taken).when(verify()).refused("address_not_held")
        given(claimed, taken).when(claim(), at=UNPROVED_MS).refused("address_taken")

    def test_who_is_invited_has_it_as_long_as_the_invitation(self) -> None:
        week = 7 * UNPROVED_MS
        invited = claimed.model_copy(update={"opening": opening(password=None, proof=proof(until=week))})
        given(invited).when(claim("bob"), at=week - 1).refused("address_taken")
        given(invited).when(claim("bob"), at=week).then(
            AddressClaimed(account_id="bob", claimed=week, opening=opening(), former="alice")
        )
        given(invited, verified).when(claim("bob"), at=2 * week).refused("address_taken")

    def test_another_proof_holds_it_no_longer_either(self) -> None:
        renewed = ProofRenewed(account_id="alice", proof=proof("another", 48 * HOUR))
        _, facts = given(claimed, renewed).when(claim("bob"), at=UNPROVED_MS).decided()
        assert [fact.type for fact in facts] == ["address.claimed"]

    def test_what_is_verified_is_never_free(self) -> None:
        given(claimed, verified).when(claim("bob"), at=100 * UNPROVED_MS).refused("address_taken")
        given(claimed, verified).when(claim(changed=changing()), at=100 * UNPROVED_MS).quiet()

    def test_an_opening_may_need_no_proof(self) -> None:
        begun = opening(verified=True, proof=None)
        held = AddressClaimed(account_id="alice", claimed=0, opening=begun)
        given().when(claim(opened=begun)).then(held)
        given(held).when(claim("bob"), at=UNPROVED_MS).refused("address_taken")


class TestVerify:
    def test_the_token_proves_until_its_time(self) -> None:
        given(claimed).when(verify(), at=HOUR).then(verified)
        given(claimed).when(verify(), at=HOUR + 1).refused("token_wrong")

    def test_another_token_proves_nothing(self) -> None:
        given(claimed).when(verify(shown="guessed")).refused("token_wrong")

    def test_only_for_who_holds_it(self) -> None:
        given(claimed).when(verify("bob")).refused("address_not_held")
        given().when(verify()).refused("address_not_held")

    def test_what_is_verified_already_adds_nothing(self) -> None:
        given(claimed, verified).when(verify(), at=2 * HOUR).quiet()

    def test_without_a_proof_no_token_is_right(self) -> None:
        given(AddressClaimed(account_id="alice", claimed=0)).when(verify()).refused("token_wrong")


class TestConfirm:
    def test_who_proved_otherwise_has_it_verified(self) -> None:
        given(claimed).when(confirm()).then(verified)
        given(claimed, verified).when(confirm()).quiet()

    def test_only_for_who_holds_it(self) -> None:
        given(claimed).when(confirm("bob")).refused("address_not_held")


class TestRenewProof:
    renewed = ProofRenewed(account_id="alice", proof=proof("another", 2 * HOUR))

    def test_only_the_newest_token_proves(self) -> None:
        given(claimed).when(renew()).then(self.renewed)
        given(claimed, self.renewed).when(verify()).refused("token_wrong")
        given(claimed, self.renewed).when(verify(shown="another"), at=2 * HOUR).then(verified)

    def test_the_same_token_adds_nothing(self) -> None:
        given(claimed, self.renewed).when(renew()).quiet()
        given(claimed, self.renewed).when(renew(until=4 * HOUR)).quiet()

    def test_a_token_that_was_sent_just_now_is_not_voided(self) -> None:
        given(claimed).when(renew(until=HOUR + RENEW_AGAIN_MS - 1)).quiet()
        later = HOUR + RENEW_AGAIN_MS
        given(claimed).when(renew(until=later)).then(ProofRenewed(account_id="alice", proof=proof("another", later)))

    def test_what_is_verified_needs_none(self) -> None:
        given(claimed, verified).when(renew()).quiet()

    def test_only_for_who_holds_it(self) -> None:
        given(claimed).when(renew("bob")).refused("address_not_held")
        given().when(renew()).refused("address_not_held")


class TestRelease:
    def test_what_is_released_is_free(self) -> None:
        released = AddressReleased(account_id="alice")
        given(claimed, verified).when(release()).then(released)
        given(claimed, verified, released).when(claim("bob")).then(
            AddressClaimed(account_id="bob", claimed=0, opening=opening())
        )

    def test_who_does_not_hold_it_changes_nothing(self) -> None:
        given(claimed).when(release("bob")).quiet()
        given().when(release()).quiet()
