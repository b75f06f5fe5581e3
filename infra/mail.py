"""What is said by mail, and to whom: pure functions of facts. infra/effects.py opens what is sealed and sends it.

Mail is short and plain: nothing in it is asked of a server when it is read, and nothing in it is anybody's but whose it
is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, get_args

from schemas.account import (
    AccountOpened,
    AddressChangeAsked,
    AddressChanged,
    PasswordReset,
    PasswordResetAsked,
    PasswordSet,
)
from schemas.address import ProofRenewed
from schemas.message import Fact, Recorded
from schemas.person import Proof
from schemas.session import SessionEnded
from schemas.totp import TotpDisabled, TotpEnabled

Mailed = (
    AccountOpened
    | ProofRenewed
    | AddressChangeAsked
    | AddressChanged
    | PasswordResetAsked
    | PasswordSet
    | PasswordReset
    | SessionEnded
    | TotpEnabled
    | TotpDisabled
)
MAILED: tuple[type[Fact], ...] = get_args(Mailed)
"""The facts that people may be told of by mail."""

TOKEN = "{token}"  # noqa: S105 - where it goes
"""Where the token goes in a draft's text: it is sealed, and opened last."""


class Draft(NamedTuple):
    """A mail as a fact asks for it: `to` is sealed, and so is the token of `proof`.

    Without `to` it goes to an address the account has: to the one of the digest `address`, if that is named.
    """

    subject: str
    text: str
    to: str | None = None
    address: str | None = None
    proof: Proof | None = None


def drafts(recorded: Recorded, url: str) -> Sequence[Draft]:
    """Give the mails that a fact asks for; `url` is where people reach the doors."""
    fact = recorded.fact
    return _drafts(fact, recorded.meta.subject, recorded.meta.time, url) if isinstance(fact, Mailed) else ()


def account_of(recorded: Recorded) -> str:
    """Give the account that a fact is about: its subject, where the fact names none."""
    return str(getattr(recorded.fact, "account_id", recorded.meta.subject))


def _drafts(fact: Mailed, subject: str, time: int, url: str) -> Sequence[Draft]:  # noqa: PLR0911 - one line for each fact
    match fact:
        case AccountOpened():
            return _opened(fact, url)
        case ProofRenewed():
            return [_verification(fact.proof, url)._replace(address=subject)]
        case AddressChangeAsked():
            return _change(fact, url)
        case AddressChanged():
            told = f"The mail address of your account at {url} was changed to this one on {_when(time)}."
            return [_notice("Your mail address was changed", told)._replace(to=fact.sealed_address)]
        case PasswordResetAsked():
            return [_reset(fact.proof, url)]
        case PasswordSet() | PasswordReset():
            told = f"The password of your account at {url} was changed on {_when(time)}."
            return [_notice("Your password was changed", told)]
        case SessionEnded():
            return [_shared(time, url)] if fact.reason in ("reused", "shared") else []
        case TotpEnabled():
            told = f"Since {_when(time)}, signing in to your account at {url} takes a code."
            return [_notice("Signing in takes a code now", told)]
        case TotpDisabled():
            told = f"Since {_when(time)}, signing in to your account at {url} takes no code."
            return [_notice("Signing in takes no code any more", told)]


def _opened(fact: AccountOpened, url: str) -> Sequence[Draft]:
    opening = fact.opening
    if opening.proof is None:
        return []
    draft = _invitation(opening.proof, url) if opening.password is None else _verification(opening.proof, url)
    return [draft._replace(to=opening.sealed_address)]


def _change(fact: AddressChangeAsked, url: str) -> Sequence[Draft]:
    changing = fact.changing
    new = Draft(
        "Confirm your new mail address",
        _with_token(
            f"An account at {url} is to have this mail address.\nTo confirm it,",
            _sent(url, "account.verify_address"),
            changing.new,
        ),
        to=changing.sealed_address,
        proof=changing.new,
    )
    if changing.old is None:
        return [new]
    old = Draft(
        "Agree to your new mail address",
        _with_token(
            f"Your account at {url} is to have another mail address.\nTo agree to that,",
            _sent(url, "account.confirm_address_change"),
            changing.old,
            "If you did not ask for this, somebody knows your password: change it now.\n"
            "Without the token your account keeps this address.",
        ),
        proof=changing.old,
    )
    return [new, old]


def _verification(proof: Proof, url: str) -> Draft:
    begin = f"An account at {url} was opened with this mail address.\nTo confirm it,"
    text = _with_token(begin, _sent(url, "account.verify_address"), proof)
    return Draft("Confirm your mail address", text, proof=proof)


def _invitation(proof: Proof, url: str) -> Draft:
    begin = f"You were invited to {url}.\nTo accept, choose a password, and"
    text = _with_token(begin, _sent(url, "account.reset_password", ', "password": "..."'), proof)
    return Draft("You were invited", text, proof=proof)


def _reset(proof: Proof, url: str) -> Draft:
    begin = f"A new password was asked for your account at {url}.\nTo set one,"
    text = _with_token(begin, _sent(url, "account.reset_password", ', "password": "..."'), proof)
    return Draft("Set a new password", text, proof=proof)


def _shared(time: int, url: str) -> Draft:
    told = (
        f"A session of your account at {url} was ended on {_when(time)}:\n"
        "its tokens were used by two, and one of them may not be you. Please sign in again."
    )
    return _notice("A session was ended", told)


def _notice(subject: str, told: str) -> Draft:
    end = "If that was not you, set a new password now, and tell whoever runs this service."
    return Draft(subject, f"Hello,\n\n{told}\n\n{end}\n")


def _sent(url: str, form: str, more: str = "") -> str:
    return (
        f'    POST {url}/v1/commands/{form}\n    Content-Type: application/json\n\n    {{"token": "{TOKEN}"{more}}}\n'
    )


def _with_token(begin: str, sent: str, proof: Proof, end: str = "") -> str:
    ignore = end or "If you did not ask for this, ignore this mail: without the token nothing happens."
    return (
        f"Hello,\n\n{begin} send this token before {_when(proof.until)}:\n\n    {TOKEN}\n\n"
        f"It is sent with\n\n{sent}\n{ignore}\n"
    )


def _when(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%-d %B %Y at %H:%M} UTC"
