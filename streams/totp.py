"""The forms of the second factor: enrolling an authenticator, enabling it, other recovery codes, and none of it."""

import base64
from typing import Annotated, Any

import pyotp
from pydantic import Field, StringConstraints

from schemas.message import Outcome
from schemas.problems import Problem
from schemas.rights import RIGHTS
from schemas.totp import RECOVERY_CODES, DisableTotp, EnableTotp, EnrolTotp, RenewRecoveryCodes
from streams.account import Password
from streams.codes import BYTES, recovery_code, recovery_digest
from streams.forms import Answer, Form, Row, Sent, Visit
from streams.proving import check_code, fail, prove_password, step_of

ISSUER = "Annal"
SECRET_BYTES = 20
"""As many as HMAC-SHA-1 takes in whole (RFC 4226, section 4)."""

Code = Annotated[
    str,
    StringConstraints(min_length=6, max_length=30, pattern=r"^[0-9A-Za-z -]+$"),
    Field(description="Six digits of the authenticator, or a recovery code.", examples=["123456"]),
]


class ShowPassword(Sent):
    password: Password = Field(description="The account's own, to be sure.")


class ShowCode(Sent):
    code: Code


class ShowBoth(Sent):
    password: Password = Field(description="The account's own, to be sure.")
    code: Code


class EnrolledSecret(Outcome):
    """An outcome, and the secret for an authenticator, also as the address that it reads from a picture."""

    secret: str
    uri: str


class WithRecoveryCodes(Outcome):
    """An outcome, and ten recovery codes, which are shown now and never again."""

    recovery_codes: list[str]


async def enrol(visit: Visit, sent: ShowPassword) -> Answer:
    row = await prove_password(visit, sent.password)
    person = await visit.identity.vault.person(row["account_id"])
    secret = base64.b32encode(await visit.chance("totp", SECRET_BYTES)).decode()
    command = EnrolTotp(account_id=row["account_id"], secret=person.seal("totp", secret))
    outcome = await visit.ask(command, visit.terms.actor)
    name = person.open("address", row["sealed_address"])
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    return Answer(outcome, {"secret": secret, "uri": address})


async def enable(visit: Visit, sent: ShowCode) -> Answer:
    account_id = visit.terms.actor.id
    factor = await visit.identity.people.totp(account_id)
    if factor is None:
        raise Problem("totp_not_enrolled", "Enrol an authenticator first, with totp.enrol.")
    person = await visit.identity.vault.person(account_id)
    step = step_of(person.open("totp", factor["secret"]), sent.code.replace(" ", ""))
    if step is None:
        raise Problem("code_wrong", "Send the code that the authenticator shows now.")
    codes = await _codes(visit)
    digests = tuple(map(recovery_digest, codes))
    command = EnableTotp(account_id=account_id, secret=factor["secret"], step=step, codes=digests)
    outcome = await visit.ask(command, visit.terms.actor)
    if not outcome.facts:
        # These codes were stored nowhere. Asked again with its key, the outcome still has the facts of the first time.
        raise Problem("totp_enabled", "The account has a second factor already; disable that first.")
    return Answer(outcome, {"recovery_codes": codes})


async def renew_codes(visit: Visit, sent: ShowBoth) -> Answer:
    row = await _prove_both(visit, sent)
    codes = await _codes(visit)
    command = RenewRecoveryCodes(account_id=row["account_id"], codes=tuple(map(recovery_digest, codes)))
    # Nothing new means that these very codes are stored: they are the same again only of the same key.
    return Answer(await visit.ask(command, visit.terms.actor), {"recovery_codes": codes})


async def disable(visit: Visit, sent: ShowBoth) -> Answer:
    row = await _prove_both(visit, sent)
    return Answer(await visit.ask(DisableTotp(account_id=row["account_id"]), visit.terms.actor), {})


async def _codes(visit: Visit) -> list[str]:
    return [recovery_code(await visit.chance(f"recovery code {n}", BYTES)) for n in range(RECOVERY_CODES)]


async def _prove_both(visit: Visit, sent: ShowBoth) -> Row:
    row = await prove_password(visit, sent.password)
    if not await check_code(visit, row, sent.code, visit.terms.actor):
        await fail(visit, row["account_id"], row, "code")
    return row


FORMS: tuple[Form[Any], ...] = (
    Form("totp.enrol", ShowPassword, RIGHTS[EnrolTotp], enrol, EnrolledSecret),
    Form("totp.enable", ShowCode, RIGHTS[EnableTotp], enable, WithRecoveryCodes),
    Form("totp.renew_recovery_codes", ShowBoth, RIGHTS[RenewRecoveryCodes], renew_codes, WithRecoveryCodes),
    Form("totp.disable", ShowBoth, RIGHTS[DisableTotp], disable),
)
