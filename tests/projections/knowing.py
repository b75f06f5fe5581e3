"""Facts that are known as soon as they are told: journals on paper, folded into real tables."""

from infra.settings import Settings
from projections.read_models import READ_MODELS
from projections.rows import Rows
from schemas.domains import DOMAINS
from schemas.message import Actor, Fact
from tests.projections.telling import ALICE, Journal, partition_of, stretches

_PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}


class Knowing:
    """All read models, as far as their journals have told."""

    def __init__(self, settings: Settings) -> None:
        self._sinks = [(each, Rows(settings, each)) for each in READ_MODELS]
        self._journals: dict[tuple[str, int], Journal] = {}
        self.command = ""

    async def tell(self, domain: str, subject: str, *facts: Fact, actor: Actor = ALICE) -> str:
        """Let one command leave facts; where the last of them stands."""
        partition = partition_of(subject, _PARTITIONS[domain])
        journal = self._journals.setdefault((domain, partition), Journal(domain, partition))
        self.command = journal.tell(subject, *facts, actor=actor)
        for projection, rows in self._sinks:
            if domain in {each.name for each in projection.domains}:
                before = (await rows.load([journal.place]))[journal.place]
                for stretch in stretches(projection, journal, before=before):
                    assert await rows.write([stretch])
        return f"{domain}:{partition}:{len(journal.records) - 1}"

    async def close(self) -> None:
        for _, rows in self._sinks:
            await rows.close()
