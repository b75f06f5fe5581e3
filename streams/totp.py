"""The forms of the second factor: enrolling an authenticator, enabling it, other recovery codes, and none of it."""

from typing import Annotated, Any

import pyotp
from pydantic import Field, StringConstraints

from schemas.problems import Problem
from schemas.rights import RIGHTS
from schemas.totp import DisableTotp, EnableTotp, EnrolTotp, RenewRecoveryCodes
from streams.account import Password
from streams.codes import recovery_codes, recovery_digest
from streams.forms import Answer, Form, Row, Sent, Visit
from streams.proving import check_code, fail, prove_password, step_of

ISSUER = "Annal"

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


async def enrol(visit: Visit, sent: ShowPassword) -> Answer:
    row = await prove_password(visit, sent.password)
    person = await visit.identity.vault.person(row["account_id"])
    secret = pyotp.random_base32()
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
    codes = recovery_codes()
    digests = tuple(map(recovery_digest, codes))
    command = EnableTotp(account_id=account_id, secret=factor["secret"], step=step, codes=digests)
    return Answer(await visit.ask(command, visit.terms.actor), {"recovery_codes": codes})


async def renew_codes(visit: Visit, sent: ShowBoth) -> Answer:
    row = await _prove_both(visit, sent)
    codes = recovery_codes()
    command = RenewRecoveryCodes(account_id=row["account_id"], codes=tuple(map(recovery_digest, codes)))
    return Answer(await visit.ask(command, visit.terms.actor), {"recovery_codes": codes})


async def disable(visit: Visit, sent: ShowBoth) -> Answer:
    row = await _prove_both(visit, sent)
    return Answer(await visit.ask(DisableTotp(account_id=row["account_id"]), visit.terms.actor), {})


async def _prove_both(visit: Visit, sent: ShowBoth) -> Row:
    row = await prove_password(visit, sent.password)
    if not await check_code(visit, row, sent.code, visit.terms.actor):
        await fail(visit, row["account_id"], row, "code")
    return row


FORMS: tuple[Form[Any], ...] = (
    Form("totp.enrol", ShowPassword, RIGHTS[EnrolTotp], enrol),
    Form("totp.enable", ShowCode, RIGHTS[EnableTotp], enable),
    Form("totp.renew_recovery_codes", ShowBoth, RIGHTS[RenewRecoveryCodes], renew_codes),
    Form("totp.disable", ShowBoth, RIGHTS[DisableTotp], disable),
)
