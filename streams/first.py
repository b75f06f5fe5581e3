"""The first account of all runs the service, if it is opened from the machine itself."""

from hashlib import sha256

from schemas.address import ClaimAddress, ConfirmAddress
from schemas.problems import Problem
from streams.forms import Visit

FIRST = sha256(b"annal: whoever is first").hexdigest()
"""What the first account claims, in the manner of an address: of two who are first at once one is."""


async def is_first(visit: Visit, account_id: str) -> bool:
    """Say whether an account to be opened is the first, where doors listen on loopback only."""
    if not visit.identity.settings.local or await visit.identity.people.any():
        return False
    return await be_first(visit, account_id)


async def be_first(visit: Visit, account_id: str) -> bool:
    """Claim to be the first account, for good; False if another is."""
    actor = await visit.actor(account_id)
    try:
        await visit.ask(ClaimAddress(address=FIRST, account_id=account_id), actor)
    except Problem as problem:
        if problem.code != "address_taken":
            raise
        return False
    await visit.ask(ConfirmAddress(address=FIRST, account_id=account_id), actor)
    return True
