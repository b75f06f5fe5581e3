"""What may be said about a second factor: a secret that makes codes by the clock (RFC 6238), and ten recovery codes.

The subject is the account. The secret is sealed, recovery codes are digests. Doors check a code; that it is used once
is decided here.
"""

from typing import Annotated, ClassVar, get_args

from pydantic import Field

from schemas.message import Command, Domain, Fact
from schemas.person import AccountId, Digest, Sealed

RECOVERY_CODES = 10

Step = Annotated[int, Field(ge=0, le=2**40, description="Which half minute since 1970 UTC a code belongs to.")]
Codes = Annotated[tuple[Digest, ...], Field(min_length=RECOVERY_CODES, max_length=RECOVERY_CODES)]


class _AboutOneFactor(Command):
    account_id: AccountId

    @property
    def subject(self) -> str:
        return self.account_id


class EnrolTotp(_AboutOneFactor):
    """Begin to have a second factor; it counts once a code of it was shown."""

    type: ClassVar[str] = "totp.enrol"
    secret: Sealed


class EnableTotp(_AboutOneFactor):
    """Show with a code, of this step, that the secret arrived; from now on signing in takes one."""

    type: ClassVar[str] = "totp.enable"
    secret: Sealed
    step: Step
    codes: Codes


class UseTotp(_AboutOneFactor):
    """Use the code of a step, once, of this very secret."""

    type: ClassVar[str] = "totp.use"
    secret: Sealed
    step: Step


class UseRecoveryCode(_AboutOneFactor):
    """Use a recovery code, once."""

    type: ClassVar[str] = "totp.use_recovery_code"
    code: Digest


class RenewRecoveryCodes(_AboutOneFactor):
    """Have ten other recovery codes; those before are worth nothing."""

    type: ClassVar[str] = "totp.renew_recovery_codes"
    codes: Codes


class DisableTotp(_AboutOneFactor):
    """Have no second factor any more."""

    type: ClassVar[str] = "totp.disable"


class TotpEnrolled(Fact):
    """There is a secret, which nobody has shown yet to have."""

    type: ClassVar[str] = "totp.enrolled"
    secret: str


class TotpEnabled(Fact):
    """Signing in takes a code of the secret, of a later step, or one of the recovery codes."""

    type: ClassVar[str] = "totp.enabled"
    step: int
    codes: tuple[str, ...]


class TotpUsed(Fact):
    """The code of this step was used, and none up to it can be used any more."""

    type: ClassVar[str] = "totp.used"
    step: int


class RecoveryCodeUsed(Fact):
    """A recovery code was used; so many are left."""

    type: ClassVar[str] = "totp.recovery_code_used"
    code: str
    left: int


class RecoveryCodesRenewed(Fact):
    """The recovery codes are these and no others."""

    type: ClassVar[str] = "totp.recovery_codes_renewed"
    codes: tuple[str, ...]


class TotpDisabled(Fact):
    """Signing in takes no code."""

    type: ClassVar[str] = "totp.disabled"


TotpCommand = EnrolTotp | EnableTotp | UseTotp | UseRecoveryCode | RenewRecoveryCodes | DisableTotp
TotpFact = TotpEnrolled | TotpEnabled | TotpUsed | RecoveryCodeUsed | RecoveryCodesRenewed | TotpDisabled

DOMAIN = Domain(
    name="totp",
    commands=get_args(TotpCommand),
    facts=get_args(TotpFact),
    refusals={
        "totp_forbidden": 403,
        "totp_enabled": 409,
        "totp_not_enabled": 409,
        "totp_not_enrolled": 409,
        "code_used": 409,
        "code_wrong": 422,
    },
    partitions=2,
)
