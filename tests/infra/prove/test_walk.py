"""A journal that workers wrote is as it must be, and whatever else is done to it is named."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest

from infra.prove.notary import grown
from infra.prove.walk import Task, Walked, walked
from infra.records import Record, Records
from infra.settings import Settings
from schemas import topics
from schemas.checkpoint import Block, beginning
from schemas.checkpoint import Journal as Name
from schemas.journal import PREV, link
from schemas.message import Command
from schemas.resource import RegisterResource, RenameResource, ShareResource, TagResource, TransferResource
from streams.deciders import DECIDERS, Deciding
from tests.streams.memory import FixedKinds, MemoryLog, Stored, command, open_ledger

RULES = next(deciding for deciding in DECIDERS if deciding.domain.name == "resource")
ONE = Deciding(replace(RULES.domain, partitions=1), RULES.decider)
KINDS = FixedKinds({("note", 1): {"type": "object"}})
HERE = Name("resource", 0)


@dataclass
class Archive:
    """One partition of commands and of facts, read as Kafka gives them."""

    commands: list[Stored] = field(default_factory=list)
    facts: list[Stored] = field(default_factory=list)
    blocks: list[tuple[int, Block]] = field(default_factory=list)
    forgotten: int = 0

    def around(self, topic: str, _: int) -> tuple[int, int]:
        return (0, len(self.facts)) if topic == topics.facts("resource") else (self.forgotten, len(self.commands))

    def read(self, topic: str, _: int, start: int, end: int, *, headers: bool = True) -> Iterator[list[Record]]:
        assert topic == topics.facts("resource") or start >= self.forgotten
        found = (self.facts if topic == topics.facts("resource") else self.commands)[start:end]
        yield [
            Record(n, each.timestamp, each.key, each.value, each.headers if headers else ())
            for n, each in enumerate(found, start)
        ]

    def checkpoint(self) -> None:
        before = self.blocks[-1][1] if self.blocks else beginning(HERE)
        self.blocks.append((len(self.blocks) + 1, grown(cast("Records", self), before, len(self.facts))))

    def walk(self, after: int = 0) -> Walked:
        start = self.blocks[after - 1][1] if after else beginning(HERE)
        task = Task(Settings(), ONE.domain, start, len(self.facts), self.blocks[after:])
        reader = cast("Records", self)
        return walked(task, reader, reader, lambda _: None)

    def wrong(self, after: int = 0) -> list[str]:
        return [f"{each.position}: {each.said}" for each in self.walk(after).wrong]


def register(subject: str) -> RegisterResource:
    return RegisterResource(resource_id=subject, kind="note", name="a", attributes={}, kind_version=1, kind_position=0)


def asked() -> list[Stored]:
    """Everything that a command can become: a fact, nothing new, a refusal, noise and a repeat."""
    commands: list[Command] = [
        register("r1"),
        RenameResource(resource_id="r1", name="b"),
        RenameResource(resource_id="r1", name="b"),  # it is called so already
        TagResource(resource_id="r1", tags=("x",)),
        register("r1"),  # it is there already
        register("r2"),
        ShareResource(resource_id="r2", account="bob", role="editor"),
        TransferResource(resource_id="r2", account="carol"),
    ]
    stored = [command(n, each) for n, each in enumerate(commands)]
    stored.append(Stored(8, stored[-1].timestamp + 1, b"r1", b"noise"))
    stored.append(replace(stored[1], offset=9))
    stored.append(command(10, RenameResource(resource_id="r2", name="z"), by="carol"))
    return stored


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A journal with two checkpoints, decided a few commands at a time, and what others wrote in between."""
    found, log, ledger = Archive(commands=asked()), MemoryLog(), open_ledger(ONE, tmp_path, KINDS)
    remaining = iter(found.commands)
    while some := list(islice(remaining, 4)):
        draft = ledger.draft(some)
        for entries in (draft.entries, draft.entries[:1]):  # an owner that comes late writes some of the same
            log.store(entries)
        ledger.keep(draft)
        ledger.mark = ledger.mark._replace(next=len(log.records))
        found.facts = log.records
        found.checkpoint() if len(found.blocks) < 2 else None
    ledger.close()
    return found


def test_what_workers_wrote_is_as_it_must_be(archive: Archive) -> None:
    found = archive.walk()
    assert found.wrong == []
    assert (found.void, found.subjects, found.checkpoints) == (3, 2, 2)
    assert found.facts == len(archive.facts) - 3
    assert found.commands == len(archive.commands) - 1  # but for the repeat, which nothing answers


@pytest.mark.parametrize("after", [1, 2])
def test_after_a_checkpoint_it_is_so_too(archive: Archive, after: int) -> None:
    found = archive.walk(after)
    assert (found.wrong, found.checkpoints) == ([], 2 - after)


def test_commands_that_kafka_let_go_are_not_missed(archive: Archive) -> None:
    archive.forgotten = 5
    assert archive.walk().wrong == []


Tampering = Callable[[Archive], object]


def changed(at: int) -> Tampering:
    def tamper(archive: Archive) -> None:
        archive.facts[at] = replace(archive.facts[at], value=(archive.facts[at].value or b"") + b"\0")

    return tamper


def removed(at: int) -> Tampering:
    return lambda archive: archive.facts.pop(at)


def swapped(one: int, other: int) -> Tampering:
    def tamper(archive: Archive) -> None:
        archive.facts[one], archive.facts[other] = archive.facts[other], archive.facts[one]

    return tamper


def test_a_changed_record_is_named_by_the_one_behind_it(archive: Archive) -> None:
    changed(1)(archive)
    wrong = archive.wrong()
    assert any("resource:0:2: it names a record of the hash" in each for each in wrong)
    assert any("resource:0:0: checkpoint 1 says that 4 records count" in each for each in wrong)


@pytest.mark.parametrize(
    "tamper", [changed(0), changed(2), removed(1), removed(3), swapped(0, 1), swapped(2, 3)], ids=range(6)
)
def test_whatever_is_done_to_records_is_noticed(archive: Archive, tamper: Tampering) -> None:
    tamper(archive)
    assert archive.wrong()


def test_the_last_record_is_missed_by_its_checkpoint(archive: Archive) -> None:
    del archive.facts[archive.blocks[-1][1].next - 2 :]
    assert any("checkpoint 2 says" in each for each in archive.wrong())


def chained(archive: Archive, facts: Sequence[Stored]) -> None:
    """Write the journal anew, as whoever may write Kafka's own files can: the chain is without a fault."""
    head, found = bytes(32), []
    for n, each in enumerate(facts):
        headers = [(PREV, head.hex().encode()), *((name, it) for name, it in each.headers if name != PREV)]
        found.append(replace(each, offset=n, headers=headers))
        head = link(head, each.key or b"", each.value or b"")
    archive.facts = found


def counting(archive: Archive) -> list[Stored]:
    return MemoryLog(list(archive.facts)).counting()


def test_a_journal_that_was_written_anew_is_missed_by_checkpoints_and_commands(archive: Archive) -> None:
    facts = counting(archive)
    chained(archive, facts[:1] + facts[2:])
    wrong = archive.wrong()
    assert any("checkpoint 1 says" in each for each in wrong)
    assert any("makes version 3 of its subject, and was to make 2" in each for each in wrong)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda facts: facts[:1] + facts[2:],
            "resource.commands:0:1: the command command-1 has no fact and no refusal",
        ),
        (lambda facts: facts[:-1], None),  # which is a command that was not decided yet
        (
            lambda facts: [*facts[:3], facts[2], *facts[3:]],
            "it is not the record 1 of 2 that the command command-2 left",
        ),
        (lambda facts: [facts[1], facts[0], *facts[2:]], "it answers the command at 0, after one at 1 was answered"),
        (lambda facts: [*facts[:2], replace(facts[2], key=b"r9"), *facts[3:]], "it leaves its subject at version 2"),
        (
            lambda facts: [*facts, replace(facts[0], value=b"rubbish")],
            "it counts, and it is no fact: It does not begin",
        ),
    ],
)
def test_what_a_faultless_chain_cannot_be_is_named(archive: Archive, change: Any, said: str | None) -> None:
    archive.blocks.clear()
    chained(archive, change(counting(archive)))
    wrong = archive.wrong()
    assert (any(said in each for each in wrong), bool(wrong)) == (True, True) if said else wrong == []


def test_another_command_than_the_one_answered_is_noticed(archive: Archive) -> None:
    archive.commands[3] = replace(command(3, register("r3"), id_="another"), timestamp=archive.commands[3].timestamp)
    assert any("it answers the command command-3 at 3, and there stands another" in each for each in archive.wrong())
    archive.commands[3] = replace(asked()[3], timestamp=1)
    assert any("and that of the command at 3 is 1" in each for each in archive.wrong())
    del archive.commands[9:]
    assert any("it answers a command at 10, and resource.commands ends before" in each for each in archive.wrong())
