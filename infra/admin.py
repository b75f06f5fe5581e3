"""`annal admin`: what is done from the machine itself, with no door in between."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra import kafka
from infra.auth.passwords import require_good
from infra.auth.vault import Vault
from infra.doors import doors
from infra.identity import Identities
from infra.ready import agree, reach
from infra.settings import Settings, Unusable
from schemas.account import GiveRole
from schemas.message import Actor
from schemas.problems import Problem
from streams.account import Register, address_of, open_person
from streams.first import be_first
from streams.forms import Identity, Unanswered, Visit
from streams.request import Terms, random_id
from streams.visit import ANYBODY

ROLE = "admin"
MACHINE = Actor(id="machine")
"""Who gives the role to an account that is there already."""


async def create(settings: Settings, address: str, password: str) -> str:
    """Open the account, or give the one that is there the role; a sentence says which. Raises Unusable."""
    await reach(settings)
    await agree(settings)
    try:
        async with _identity(settings) as identity:
            terms = Terms(ANYBODY, idempotency_key=None, expected_version=None, wait=0)
            return await _create(Visit(identity, terms, None, secrets.token_hex(16)), address, password)
    except Problem as problem:
        raise Unusable(problem.detail) from problem
    except Unanswered:
        raise Unusable("Nobody decides: see that `annal worker` runs, then try again.") from None


async def rewrap(settings: Settings) -> str:
    """Wrap what an older master key wrapped with the first one; a sentence says how much. Raises Unusable."""
    vault = Vault(settings)
    try:
        await vault.open()
        return f"{await vault.rewrap()} keys were wrapped anew; the first of ANNAL_MASTER_KEY opens all there are."
    except Problem as problem:
        raise Unusable(problem.detail) from problem
    finally:
        await vault.close()


async def _create(visit: Visit, address: str, password: str) -> str:
    row = await visit.identity.people.by_address(await address_of(visit, address))
    if row is not None and not row["verified"]:
        raise Unusable(
            "An account has this address that nobody proved to read; let its owner prove it first, or close it."
        )
    if row is not None:
        await visit.ask(GiveRole(account_id=row["account_id"], role=ROLE), MACHINE)
        return f"The account {row['account_id']} has this address, and the role {ROLE} now; its password is as it was."
    require_good(password, address)
    account_id = random_id()
    await be_first(visit, account_id)
    await open_person(visit, Register(address=address, password=password), account_id, admin=True)
    return f"The account {account_id} may do everything; sign in at {visit.identity.settings.url}/v1/sessions."


@asynccontextmanager
async def _identity(settings: Settings) -> AsyncIterator[Identity]:
    """All that forms work with, without doors."""
    async with doors(settings) as there:
        identities = Identities(settings, kafka.connection(settings), there.cache, there.read, there.ends)
        await identities.start(there.write)
        try:
            yield identities.forms(there.write)
        finally:
            await identities.stop()
