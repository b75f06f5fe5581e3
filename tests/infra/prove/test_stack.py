"""Everything on a real Kafka: commands decided, checkpoints, exports in three forms, and what verifies them."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commands.decider import Decider
from infra import kafka
from infra.prove import export, files, online, selecting
from infra.prove.export import exporting
from infra.prove.notary import Notary
from infra.prove.offline import verify
from infra.prove.online import Scope, signed
from infra.prove.walk import Walked
from infra.records import Records
from infra.settings import Settings, Unusable
from schemas import topics
from schemas.checkpoint import Checkpoint, Journal
from schemas.domains import DOMAINS
from schemas.message import Domain, Position
from schemas.partition import partition_of
from schemas.resource import RegisterResource, RenameResource
from streams.deciders import DECIDERS, Deciding
from tests.streams.memory import FixedKinds, command, open_ledger

KINDS = FixedKinds({("note", 1): {"type": "object"}})
DECIDER: Decider[Any] = next(each.decider for each in DECIDERS if each.domain.name == "resource")
SUBJECTS = 30


class Town:
    """A domain whose commands are decided as a worker decides them."""

    def __init__(self, settings: Settings, domain: Domain, producer: AIOKafkaProducer, path: Path) -> None:
        self.settings = settings
        self.domain = domain
        self._producer = producer
        self._ledgers = [
            open_ledger(Deciding(domain, DECIDER), path / str(n), KINDS, n) for n in range(domain.partitions)
        ]

    async def ask(self, *commands: RegisterResource | RenameResource) -> None:
        for n, asked in enumerate(commands):
            letter = command(n, asked, id_=f"{asked.type}-{asked.subject}", asked_at=_now())
            partition = partition_of(letter.key or b"", self.domain.partitions)
            await self._producer.send_and_wait(topics.commands(self.domain.name), letter.value, letter.key, partition)

    async def decide(self) -> None:
        for partition, ledger in enumerate(self._ledgers):
            with Records(self.settings) as reader:
                topic = topics.commands(self.domain.name)
                start, end = ledger.mark.command, reader.around(topic, partition)[1]
                asked = [each for batch in reader.read(topic, partition, start, end) for each in batch]
            draft = ledger.draft(asked)
            for entry in draft.entries:
                await self._producer.send_and_wait(
                    topics.facts(self.domain.name), entry.value, entry.key, partition, headers=entry.headers
                )
            ledger.keep(draft)

    def close(self) -> None:
        for ledger in self._ledgers:
            ledger.close()

    def verify(self, notary: Notary, *kept: Path, since: int = 0) -> tuple[list[str], list[Walked]]:
        scope = Scope(self.settings, notary.key, [self.domain], since=since)
        said = signed(scope, kept)
        found = list(online.journals_walked(scope, said, lambda _: None, lambda _: None))
        wrong = [*said.wrong, *(each for walked in found for each in walked.wrong)]
        return [f"{each.position}: {each.said}" for each in wrong], found


def _now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
async def town(settings: Settings, domain: Domain, tmp_path: Path) -> AsyncIterator[Town]:
    producer = AIOKafkaProducer(**kafka.connection(settings), acks="all")
    await producer.start()
    town = Town(settings, domain, producer, tmp_path / "state")
    names = [f"note-{n}" for n in range(SUBJECTS)]
    await town.ask(
        *(
            RegisterResource(resource_id=each, kind="note", name="a", attributes={}, kind_version=1, kind_position=0)
            for each in names
        )
    )
    await town.decide()
    yield town
    town.close()
    await producer.stop()


async def test_all_that_was_decided_is_proved_and_verified(town: Town, notary: Notary, tmp_path: Path) -> None:
    await asyncio.to_thread(notary.make)
    await town.ask(*(RenameResource(resource_id=f"note-{n}", name="b") for n in range(0, SUBJECTS, 2)))
    await town.decide()
    kept = tmp_path / "checkpoints"
    wanted = selecting.Filter(type="resource.renamed")
    for format_ in files.WRITERS:
        file = tmp_path / f"export.{format_}"
        with exporting(town.settings, notary, wanted.asked()) as made:
            names = wanted.journals([town.domain])
            found = list(selecting.select(made.proving, wanted, names, lambda _: None))
            files.write(made, made.chosen(found), file, format_)
        verdict = verify(file, [kept], notary.key)
        assert ([str(each) for each in verdict.findings], verdict.lines) == ([], SUBJECTS // 2)
        assert verdict.kept == 2
    for since in (0, 1):
        wrong, found_ = town.verify(notary, kept, since=since)
        assert wrong == []
        assert sum(walked.facts for walked in found_) == (SUBJECTS if not since else 0) + SUBJECTS // 2
        assert sum(walked.commands for walked in found_) == (SUBJECTS if not since else 0) + SUBJECTS // 2


async def test_a_door_streams_an_export_and_makes_the_checkpoint_that_it_needs(
    town: Town, notary: Notary, tmp_path: Path
) -> None:
    file = tmp_path / "export.ndjson"
    positions = [Position(town.domain.name, n, 0) for n in range(2)]
    streamed = export.ndjson(town.settings, notary, positions, {"by": "a test"})
    file.write_bytes(b"".join([line async for line in streamed]))
    verdict = verify(file, [tmp_path / "checkpoints"], notary.key)
    assert (verdict.findings, verdict.lines) == ([], 2)
    assert verdict.manifest is not None
    assert verdict.manifest.asked == {"by": "a test"}
    with pytest.raises(Unusable, match="the last is"):
        [line async for line in export.ndjson(town.settings, notary, [Position(town.domain.name, 0, 999)], {})]


async def test_journals_are_walked_side_by_side(town: Town, notary: Notary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "MUCH", 0)
    wrong, found = await asyncio.to_thread(town.verify, notary)
    assert wrong == []
    assert sum(walked.facts for walked in found) == SUBJECTS


async def test_what_was_kept_elsewhere_tells_on_kafka(
    town: Town, notary: Notary, private: Ed25519PrivateKey, tmp_path: Path
) -> None:
    first = await asyncio.to_thread(notary.make)
    assert first is not None
    kept = tmp_path / "kept"
    kept.mkdir()
    # Whatever the file is called.
    (kept / "of-monday.json").write_bytes(Checkpoint.make(first, first.statement.time, first.blocks, private).write())
    wrong, _ = town.verify(notary, kept)
    assert any("checkpoint 2 was kept" in each and "is not here" in each for each in wrong)
    other = Checkpoint.make(None, "2030-01-01T00:00:00.000Z", first.blocks, private)
    (kept / "of-monday.json").write_bytes(other.write())
    wrong, _ = town.verify(notary, kept)
    assert any("there are two checkpoints 1, and they say different things" in each for each in wrong)
    (tmp_path / "checkpoints" / "1.json").unlink()
    wrong, _ = town.verify(notary, kept / "of-monday.json")
    assert any("checkpoint 1 says something else than where it was kept" in each for each in wrong)
    (kept / "of-monday.json").write_bytes(first.write().replace(b'"count"', b'"cound"'))
    wrong, _ = town.verify(notary, kept)
    assert any("of-monday.json: This is no checkpoint" in each for each in wrong)


@pytest.mark.parametrize(("named", "said"), [("mistyped", "There is no .*mistyped"), (".", "holds no checkpoint")])
def test_checkpoints_are_where_they_are_said_to_be(tmp_path: Path, named: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        signed(Scope(Settings(data_dir=tmp_path), "00" * 32), [tmp_path / named])


def test_what_cannot_be_asked_for_is_said() -> None:
    with pytest.raises(Unusable, match="There is no domain invoices: name one of kind, resource"):
        selecting.Filter(domain="invoices").journals()
    with pytest.raises(Unusable, match="name an earlier moment first"):
        selecting.Filter(since=selecting.moment("2026-11-27"), until=selecting.moment("2026-11-26")).journals()
    with pytest.raises(Unusable, match="no moment"):
        selecting.moment("yesterday")
    with pytest.raises(Unusable, match="There is no journal resource:99"):
        Scope(Settings(), "00" * 32, journal="resource:99").journals()
    assert Scope(Settings(), "00" * 32, journal="resource:3").journals() == [Journal("resource", 3)]
    assert len(Scope(Settings(), "00" * 32).journals()) == sum(domain.partitions for domain in DOMAINS)
