"""The rules of second factors: a secret counts once a code of it was shown, and each code is used once.

An account alone decides on its own factor. Doors check codes, and use them here in the name of the account.
"""

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.totp import (
    DisableTotp,
    EnableTotp,
    EnrolTotp,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    RenewRecoveryCodes,
    TotpCommand,
    TotpDisabled,
    TotpEnabled,
    TotpEnrolled,
    TotpFact,
    TotpUsed,
    UseRecoveryCode,
    UseTotp,
)


class Totp(Struct, frozen=True, gc=False):
    """A second factor by its sealed secret, or none. No code up to that of `step` can be used; `codes` are digests."""

    secret: str = ""
    enabled: bool = False
    step: int = -1
    codes: tuple[str, ...] = ()


def decide(totp: Totp, command: TotpCommand, asking: Asking) -> list[TotpFact]:
    if command.account_id != asking.actor.id:
        raise Refused("totp_forbidden", "Only the account itself decides on its second factor; sign in as that.")
    match command:
        case EnrolTotp():
            return _enrol(totp, command)
        case EnableTotp():
            return _enable(totp, command)
        case UseTotp():
            return _use(_enabled(totp), command)
        case UseRecoveryCode():
            return _use_recovery_code(_enabled(totp), command)
        case RenewRecoveryCodes():
            return [] if command.codes == _enabled(totp).codes else [RecoveryCodesRenewed(codes=command.codes)]
        case DisableTotp():
            return [TotpDisabled()] if totp.secret else []


def _enabled(totp: Totp) -> Totp:
    if not totp.enabled:
        raise Refused("totp_not_enabled", "The account has no second factor; enrol a secret and enable it first.")
    return totp


def _enrol(totp: Totp, command: EnrolTotp) -> list[TotpFact]:
    if totp.secret == command.secret:
        return []
    if totp.enabled:
        raise Refused("totp_enabled", "The account has a second factor already; disable that first.")
    return [TotpEnrolled(secret=command.secret)]


def _enable(totp: Totp, command: EnableTotp) -> list[TotpFact]:
    if totp.secret != command.secret:
        raise Refused("totp_not_enrolled", "Another secret was enrolled since, or none; enrol one and show its code.")
    return [] if totp.enabled else [TotpEnabled(step=command.step, codes=command.codes)]


def _use(totp: Totp, command: UseTotp) -> list[TotpFact]:
    if totp.secret != command.secret:
        raise Refused("totp_not_enabled", "The account has another secret now; show a code of that.")
    if command.step <= totp.step:
        # Asking the same again is no repeat to be forgiven: it may be somebody who looked over a shoulder.
        raise Refused("code_used", "This code was used, or is older than one that was; wait for the next.")
    return [TotpUsed(step=command.step)]


def _use_recovery_code(totp: Totp, command: UseRecoveryCode) -> list[TotpFact]:
    if command.code not in totp.codes:
        raise Refused("code_wrong", "This is no recovery code of the account, or it was used; show another one.")
    return [RecoveryCodeUsed(code=command.code, left=len(totp.codes) - 1)]


def evolve(totp: Totp, fact: TotpFact) -> Totp:
    match fact:
        case TotpEnrolled():
            return Totp(fact.secret)
        case TotpEnabled():
            return replace(totp, enabled=True, step=fact.step, codes=fact.codes)
        case TotpUsed():
            return replace(totp, step=fact.step)
        case RecoveryCodeUsed():
            return replace(totp, codes=tuple(code for code in totp.codes if code != fact.code))
        case RecoveryCodesRenewed():
            return replace(totp, codes=fact.codes)
        case TotpDisabled():
            return Totp()


decider = Decider(Totp(), decide, evolve)
