"""Who asks while it is measured: tokens made before any door opens, with the doors' own keys."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.auth.doorkeeper import DEV
from infra.auth.signing import SigningKeys
from infra.auth.tokens import AccessTokens, Claims
from infra.auth.vault import Vault
from infra.settings import Settings

ALICE = "alice"
ROLES = ("member",)
LASTS = 24 * 3600
"""Seconds: longer than any run."""


def claims(session: str = DEV) -> Claims:
    """Say that alice asks, in a session."""
    return Claims(ALICE, session, roles=ROLES, expires=int(time.time()) + LASTS)


@asynccontextmanager
async def keys(settings: Settings) -> AsyncIterator[tuple[Vault, SigningKeys]]:
    """Have the vault open, and its signing keys read once."""
    vault = Vault(settings)
    await vault.open()
    try:
        signing = SigningKeys(vault)
        await signing.reload()
        yield vault, signing
    finally:
        await vault.close()


async def tokens(settings: Settings, *asking: Claims) -> list[str]:
    """Give a token for each that the doors take."""
    async with keys(settings) as (_, signing):
        issuing = AccessTokens(signing, settings.url)
        return [issuing.issue(each) for each in asking]


async def alice(settings: Settings) -> str:
    """Give the token with which alice asks in every measurement."""
    (token,) = await tokens(settings, claims())
    return token
