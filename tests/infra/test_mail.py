"""What mail says: pure functions of facts."""

from collections.abc import Sequence

import pytest

from infra.mail import TOKEN, Draft, account_of, drafts
from schemas.account import (
    AccountOpened,
    AccountVerified,
    AddressChangeAsked,
    AddressChanged,
    PasswordRehashed,
    PasswordReset,
    PasswordResetAsked,
    PasswordSet,
)
from schemas.address import AddressVerified, ProofRenewed
from schemas.message import Actor, CommandRejected, Fact, FactMeta, Recorded
from schemas.person import Changing, Opening, Proof
from schemas.session import SessionEnded
from schemas.totp import TotpDisabled, TotpEnabled

URL = "https://annal.test"
NOW = 1_764_000_000_000
HASH = "sealed-hash"
PROOF = Proof(token="1" * 64, sealed="sealed-token", until=NOW + 24 * 3600 * 1000)
OLD = Proof(token="2" * 64, sealed="sealed-old-token", until=NOW + 24 * 3600 * 1000)


def recorded(fact: Fact, subject: str = "alice") -> Recorded:
    meta = FactMeta(
        id="f",
        type=fact.type,
        subject=subject,
        version=1,
        time=NOW,
        actor=Actor(id="alice"),
        command_id="c",
        command_type="account.do",
        command_offset=0,
        correlation_id="c",
    )
    return Recorded(meta, fact)


def said(fact: Fact, subject: str = "alice") -> Sequence[Draft]:
    return drafts(recorded(fact, subject), URL)


def opened(password: str | None = HASH, proof: Proof | None = PROOF) -> AccountOpened:
    opening = Opening(sealed_address="sealed-address", profile={}, password=password, proof=proof)
    return AccountOpened(address="0" * 64, opening=opening)


def test_a_mail_with_a_token_says_how_to_send_it_and_until_when() -> None:
    (draft,) = said(opened())
    assert draft == Draft(
        "Confirm your mail address",
        "Hello,\n"
        "\n"
        "An account at https://annal.test was opened with this mail address.\n"
        "To confirm it, send this token before 25 November 2025 at 16:00 UTC:\n"
        "\n"
        "    {token}\n"
        "\n"
        "It is sent with\n"
        "\n"
        "    POST https://annal.test/v1/commands/account.verify_address\n"
        "    Content-Type: application/json\n"
        "\n"
        '    {"token": "{token}"}\n'
        "\n"
        "If you did not ask for this, ignore this mail: without the token nothing happens.\n",
        to="sealed-address",
        proof=PROOF,
    )


def test_who_was_invited_chooses_a_password_with_the_token() -> None:
    (draft,) = said(opened(password=None))
    assert (draft.to, draft.proof) == ("sealed-address", PROOF)
    assert "account.reset_password" in draft.text
    assert '{"token": "{token}", "password": "..."}' in draft.text


def test_an_account_that_has_nothing_to_prove_gets_no_mail() -> None:
    assert said(opened(proof=None)) == []


def test_another_proof_goes_to_the_very_address_that_it_is_of() -> None:
    (draft,) = said(ProofRenewed(account_id="alice", proof=PROOF), subject="0" * 64)
    assert (draft.to, draft.address, draft.proof) == (None, "0" * 64, PROOF)
    assert "account.verify_address" in draft.text


def test_a_change_of_address_is_mailed_to_both_each_with_its_own_token() -> None:
    changing = Changing(sealed_address="sealed-new", new=PROOF, old=OLD)
    new, old = said(AddressChangeAsked(address="0" * 64, changing=changing))
    assert (new.to, new.proof) == ("sealed-new", PROOF)
    assert "account.verify_address" in new.text
    assert (old.to, old.address, old.proof) == (None, None, OLD)
    assert "account.confirm_address_change" in old.text
    assert "change it now" in old.text


def test_an_address_that_was_never_proved_need_not_agree() -> None:
    changing = Changing(sealed_address="sealed-new", new=PROOF)
    (new,) = said(AddressChangeAsked(address="0" * 64, changing=changing))
    assert new.to == "sealed-new"


def test_a_new_password_is_set_with_the_token_that_was_asked_for() -> None:
    (draft,) = said(PasswordResetAsked(proof=PROOF))
    assert (draft.to, draft.proof) == (None, PROOF)
    assert "account.reset_password" in draft.text


@pytest.mark.parametrize(
    ("fact", "subject", "line"),
    [
        (
            PasswordSet(password=HASH, generation=1),
            "Your password was changed",
            "The password of your account at https://annal.test was changed on 24 November 2025 at 16:00 UTC.",
        ),
        (
            PasswordReset(password=HASH, generation=1, address="0" * 64),
            "Your password was changed",
            "The password of your account at https://annal.test was changed on 24 November 2025 at 16:00 UTC.",
        ),
        (
            SessionEnded(account_id="alice", reason="reused"),
            "A session was ended",
            "A session of your account at https://annal.test was ended on 24 November 2025 at 16:00 UTC:",
        ),
        (
            SessionEnded(account_id="alice", reason="shared"),
            "A session was ended",
            "its tokens were used by two, and one of them may not be you. Please sign in again.",
        ),
        (
            TotpEnabled(step=1, codes=()),
            "Signing in takes a code now",
            "Since 24 November 2025 at 16:00 UTC, signing in to your account at https://annal.test takes a code.",
        ),
        (
            TotpDisabled(),
            "Signing in takes no code any more",
            "Since 24 November 2025 at 16:00 UTC, signing in to your account at https://annal.test takes no code.",
        ),
    ],
)
def test_people_are_told_of_what_somebody_else_may_have_done(fact: Fact, subject: str, line: str) -> None:
    (draft,) = said(fact)
    assert draft.subject == subject
    assert line in draft.text.splitlines()
    assert (draft.to, draft.proof) == (None, None)
    assert TOKEN not in draft.text


def test_the_new_address_is_told_that_it_is_the_accounts_now() -> None:
    (draft,) = said(AddressChanged(address="0" * 64, sealed_address="sealed-new", former="1" * 64))
    assert draft.to == "sealed-new"


@pytest.mark.parametrize(
    "fact",
    [
        SessionEnded(account_id="alice", reason="revoked"),
        SessionEnded(account_id="alice", reason="expired"),
        AccountVerified(),
        PasswordRehashed(password=HASH),
        AddressVerified(account_id="alice"),
        CommandRejected(code="token_wrong", reason="It is wrong."),
    ],
)
def test_nobody_is_told_of_what_they_did_themselves_or_what_changes_nothing(fact: Fact) -> None:
    assert not said(fact)


def test_mail_is_for_the_account_that_a_fact_names_or_is_of() -> None:
    assert account_of(recorded(SessionEnded(account_id="alice", reason="shared"), "a session")) == "alice"
    assert account_of(recorded(ProofRenewed(account_id="alice", proof=PROOF), "an address")) == "alice"
    assert account_of(recorded(TotpDisabled(), "alice")) == "alice"


def test_every_mail_fits_the_width_of_a_screen_but_for_its_token() -> None:
    facts = (opened(), opened(password=None), PasswordSet(password=HASH, generation=1), PasswordResetAsked(proof=PROOF))
    for draft in (draft for fact in facts for draft in said(fact)):
        assert draft.text.isascii()
        assert max(map(len, draft.text.splitlines())) <= 100
