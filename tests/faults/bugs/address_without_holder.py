"""An address is given to whoever claims it, whether or not another holds it."""

from commands import address
from commands.address import Address
from schemas.address import AddressClaimed, AddressFact, ClaimAddress


def claim(_: Address, command: ClaimAddress, time: int) -> list[AddressFact]:
    return [AddressClaimed(account_id=command.account_id, claimed=time, opening=command.opening)]


PATCHES = ((address, "_claim", claim),)
