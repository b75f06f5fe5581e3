"""What may be said about an address: who holds it, and whether they proved that they read it.

The subject is a keyed digest of the address, never the address. One partition decides all that is asked of one
address, so of two who want it at once one has it (design §7). Doors and policies ask these commands; people ask those
of their account.
"""

from typing import ClassVar, get_args

from schemas.message import Command, Domain, Fact, Time
from schemas.person import AccountId, Changing, Digest, Opening, Proof


class _AboutOneAddress(Command):
    address: Digest
    account_id: AccountId

    @property
    def subject(self) -> str:
        return self.address


class ClaimAddress(_AboutOneAddress):
    """Hold an address for an account: to open that with it, or to change to it.

    One that nobody proved to read within a day may be claimed by another, or once the token of its invitation is over.
    """

    type: ClassVar[str] = "address.claim"
    opening: Opening | None = None
    changing: Changing | None = None


class VerifyAddress(_AboutOneAddress):
    """Prove with the token that was sent there that the account reads the address."""

    type: ClassVar[str] = "address.verify"
    token: Digest


class ConfirmAddress(_AboutOneAddress):
    """Say that the account proved otherwise that it reads the address: by a new password with a token sent there."""

    type: ClassVar[str] = "address.confirm"


class RenewProof(_AboutOneAddress):
    """Send another token to an address that waits to be verified; the one before proves nothing any more.

    Soon after that one, nothing is sent.
    """

    type: ClassVar[str] = "address.renew_proof"
    proof: Proof


class ReleaseAddress(_AboutOneAddress):
    """Let go of an address, so that others may have it."""

    type: ClassVar[str] = "address.release"


class AddressClaimed(Fact):
    """An address is held for an account, since `claimed`; `former` held it until now, and never proved to read it."""

    type: ClassVar[str] = "address.claimed"
    account_id: str
    claimed: Time
    opening: Opening | None = None
    changing: Changing | None = None
    former: str | None = None


class AddressVerified(Fact):
    """An account proved that it reads the address; nobody else can have it until it is released."""

    type: ClassVar[str] = "address.verified"
    account_id: str


class ProofRenewed(Fact):
    """Another token was made for an address; only that one proves."""

    type: ClassVar[str] = "address.proof_renewed"
    account_id: str
    proof: Proof


class AddressReleased(Fact):
    """Nobody holds the address."""

    type: ClassVar[str] = "address.released"
    account_id: str


UNPROVED_MS: Time = 24 * 3600 * 1000
"""How long an address that nobody proved to read is held, in milliseconds; an invitation holds one while it is good."""

RENEW_AGAIN_MS: Time = 10 * 60 * 1000
"""How much longer than the token before another one must prove for it to be made, in milliseconds: anybody asks for it.

Else who knows an address could void each token before it is used.
"""

AddressCommand = ClaimAddress | VerifyAddress | ConfirmAddress | RenewProof | ReleaseAddress
AddressFact = AddressClaimed | AddressVerified | ProofRenewed | AddressReleased

DOMAIN = Domain(
    name="address",
    commands=get_args(AddressCommand),
    facts=get_args(AddressFact),
    refusals={
        "address_taken": 409,
        "address_not_held": 409,
        "token_wrong": 422,
    },
    partitions=4,
)
