"""The rules of addresses: who holds one, and what proves that they read it.

Whoever claims an address first holds it; who proves to read it keeps it until they let go. One that nobody proved to
read within a day is free for the next who asks; one that was invited, once the invitation is over.
"""

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.address import (
    RENEW_AGAIN_MS,
    UNPROVED_MS,
    AddressClaimed,
    AddressCommand,
    AddressFact,
    AddressReleased,
    AddressVerified,
    ClaimAddress,
    ConfirmAddress,
    ProofRenewed,
    ReleaseAddress,
    RenewProof,
    VerifyAddress,
)
from schemas.person import Proof


class Address(Struct, frozen=True, gc=False):
    """An address, held since `claimed` by the account `holder`, or by nobody. `token` proves something until `until`.

    From `free` on others may have it, unless it is verified. Times are milliseconds since 1970 UTC.
    """

    holder: str = ""
    verified: bool = False
    claimed: int = 0
    free: int = 0
    token: str = ""
    until: int = 0


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(address: Address, command: AddressCommand, asking: Asking) -> list[AddressFact]:
    match command:
        case ClaimAddress():
            return _claim(address, command, asking.time)
        case VerifyAddress():
            return _verify(_held(address, command.account_id), command, asking.time)
        case ConfirmAddress():
            held = _held(address, command.account_id)
            return [] if held.verified else [AddressVerified(account_id=held.holder)]
        case RenewProof():
            return _renew_proof(_held(address, command.account_id), command)
        case ReleaseAddress():
            return [AddressReleased(account_id=address.holder)] if address.holder == command.account_id else []


def _held(address: Address, account: str) -> Address:
    if address.holder != account:
        raise Refused("address_not_held", "The account does not hold this address; claim it first.")
    return address


def _claim(address: Address, command: ClaimAddress, time: int) -> list[AddressFact]:
    claimed, former = time, address.holder or None
    if address.holder == command.account_id:
        if address.verified or address.token == _token(_proof(command)):
            return []
        # Whoever asks again and again holds it no longer for that.
        claimed, former = address.claimed, None
    elif address.holder and (address.verified or time < address.free):
        raise Refused("address_taken", "Another account holds this address; sign in to that, or use another address.")
    return [
        AddressClaimed(
            account_id=command.account_id,
            claimed=claimed,
            opening=command.opening,
            changing=command.changing,
            former=former,
        )
    ]


def _verify(address: Address, command: VerifyAddress, time: int) -> list[AddressFact]:
    if address.verified:
        return []
    if command.token != address.token or time > address.until:
        raise Refused("token_wrong", "The token does not prove this address, or no longer; ask for another one.")
    return [AddressVerified(account_id=address.holder)]


def _renew_proof(address: Address, command: RenewProof) -> list[AddressFact]:
    # Anybody asks this of anybody: it does not void a token that was sent just now.
    soon = command.proof.until - address.until < RENEW_AGAIN_MS
    if address.verified or soon or command.proof.token == address.token:
        return []
    return [ProofRenewed(account_id=address.holder, proof=command.proof)]


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(address: Address, fact: AddressFact) -> Address:
    match fact:
        case AddressClaimed():
            verified = fact.opening is not None and fact.opening.verified
            held = Address(fact.account_id, verified, fact.claimed, _free(fact))
            return _with(held, _proof(fact))
        case AddressVerified():
            return replace(address, verified=True)
        case ProofRenewed():
            return _with(address, fact.proof)
        case AddressReleased():
            return Address()


def _free(claim: AddressClaimed) -> int:
    """Give when others may have it: an invitation's token is good for longer than a day; those after hold nothing."""
    first = claim.opening.proof if claim.opening is not None else None
    return max(claim.claimed + UNPROVED_MS, first.until if first is not None else 0)


def _proof(claim: ClaimAddress | AddressClaimed) -> Proof | None:
    if claim.opening is not None:
        return claim.opening.proof
    return claim.changing.new if claim.changing is not None else None


def _token(proof: Proof | None) -> str:
    return "" if proof is None else proof.token


def _with(address: Address, proof: Proof | None) -> Address:
    return address if proof is None else replace(address, token=proof.token, until=proof.until)


decider = Decider(Address(), decide, evolve)
