"""The first account of all runs the service, if it is opened from the machine itself."""

from hashlib import sha256

from infra.ports import is_loopback
from schemas.address import ClaimAddress
from schemas.problems import Problem
from streams.forms import Visit

FIRST = sha256(b"annal: whoever is first").hexdigest()
"""What the first account claims, in the manner of an address: of two who are first at once one is."""


async def is_first(visit: Visit, account_id: str) -> bool:
    """Say whether an account to be opened is the first, where doors listen on loopback only."""
    if not is_loopback(visit.identity.settings.host) or await visit.identity.people.any():
        return False
    try:
        await visit.ask(ClaimAddress(address=FIRST, account_id=account_id), await visit.actor(account_id))
    except Problem as problem:
        if problem.code != "address_taken":
            raise
        return False
    return True
