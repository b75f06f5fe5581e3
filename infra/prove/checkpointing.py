"""Checkpoints in the course of things: one every minute in which something happened, and whenever one is wanted."""

import asyncio
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import Counter, Gauge

from infra import telemetry
from infra.auth.vault import Vault
from infra.prove.notary import Notary
from infra.settings import Settings, Unusable
from schemas import signed
from schemas.checkpoint import Checkpoint
from schemas.problems import Problem

PERIOD = 60.0
"""Seconds from one checkpoint to the next."""

SECRET = "checkpoint"  # noqa: S105 - its name in the vault

NUMBER = Gauge("annal_checkpoint_number", "Number of the newest checkpoint")
TIME = Gauge("annal_checkpoint_time_seconds", "When it was made, in seconds since 1970")
FAILURES = Counter("annal_checkpoint_failures", "Times that no checkpoint could be made")

log = telemetry.log(__name__)


async def run(settings: Settings) -> None:
    """Make checkpoints until cancelled, whatever fails meanwhile."""
    notary: Notary | None = None
    while True:
        try:
            notary = notary or await notary_of(settings)
            _note(await asyncio.to_thread(notary.make, PERIOD - 1))
        except (Unusable, Problem) as error:
            FAILURES.inc()
            log.warning("no checkpoint could be made", reason=str(error), again_in=PERIOD)
        except Exception:
            FAILURES.inc()
            log.exception("no checkpoint could be made", again_in=PERIOD)
        await asyncio.sleep(PERIOD)


async def notary_of(settings: Settings) -> Notary:
    """Give whoever signs for this service. Raises Unusable, or Problem while the vault is away."""
    vault = Vault(settings)
    await vault.open()
    try:
        return Notary(settings, await private(vault))
    finally:
        await vault.close()


async def private(vault: Vault) -> Ed25519PrivateKey:
    """Give the key that signs, of a vault that is open. Raises Unusable, or Problem while it is away."""
    return signed.key_of(await vault.secret(SECRET))


def _note(last: Checkpoint | None) -> None:
    if last is not None:
        NUMBER.set(last.statement.number)
        TIME.set(datetime.fromisoformat(last.statement.time).timestamp())
