"""Exports as the audit door gives them: chosen facts, each with its proof."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from infra.auth.vault import Vault
from infra.prove import checkpointing, export
from infra.prove.notary import Notary
from infra.settings import Settings, Unusable
from schemas.message import Position
from schemas.problems import Problem


class Exporting:
    """Signs with the key in a vault that is open."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self._settings = settings
        self._vault = vault

    async def lines(self, positions: Iterable[Position], asked: dict[str, Any]) -> AsyncIterator[bytes]:
        """Give the lines of an export. Raises Problem; one that ends early lacks its manifest."""
        try:
            # A door may run where nothing can be written; whoever makes checkpoints in the course of things keeps them.
            notary = Notary(self._settings, await checkpointing.private(self._vault), keeps=False)
            async for line in export.ndjson(self._settings, notary, positions, asked):
                yield line
        except Unusable as error:
            raise Problem("export_impossible", str(error), headers={"Retry-After": "1"}) from error
