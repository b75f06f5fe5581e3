"""Whatever is asked, however it is batched, wherever the owner restarts: the journal is the same."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.message import Command
from schemas.resource import (
    RegisterResource,
    RenameResource,
    RevertResource,
    ShareResource,
    TagResource,
    TrashResource,
    UntagResource,
)
from streams.journal import Unsure
from tests.streams.memory import (
    FixedKinds,
    MemoryLog,
    Stored,
    command,
    never_stored,
    noise_first,
    open_journal,
    open_ledger,
    reply_lost,
    stored_by_another_first,
)
from tests.streams.test_journal import ANYTHING, ONE, work

KINDS = FixedKinds({("note", 1): ANYTHING})
SUBJECTS = st.sampled_from(["r1", "r2", "r3"])
WORDS = st.sampled_from(["a", "b", "c"])

ASKED: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        RegisterResource,
        resource_id=SUBJECTS,
        kind=st.just("note"),
        name=WORDS,
        attributes=st.just({}),
        tags=st.just(()),
        kind_version=st.just(1),
        kind_position=st.just(0),
    ),
    st.builds(RenameResource, resource_id=SUBJECTS, name=WORDS),
    st.builds(TagResource, resource_id=SUBJECTS, tags=st.tuples(WORDS)),
    st.builds(UntagResource, resource_id=SUBJECTS, tags=st.tuples(WORDS)),
    st.builds(ShareResource, resource_id=SUBJECTS, account=st.just("bob"), role=st.just("editor")),
    st.builds(RevertResource, resource_id=SUBJECTS, to_version=st.integers(1, 4)),
    st.builds(TrashResource, resource_id=SUBJECTS),
)


@st.composite
def asked(draw: st.DrawFn) -> list[Stored]:
    """Commands as they stand on their topic: some repeated, some with the wrong version, some garbage."""
    records: list[Stored] = []
    for offset in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["new", "new", "new", "repeated", "garbage"]))
        if kind == "garbage":
            records.append(Stored(offset, 1_700_000_000_000 + offset, b"r1", b"garbage"))
        elif kind == "repeated" and records:
            again = draw(st.sampled_from(records))
            records.append(Stored(offset, again.timestamp, again.key, again.value, again.headers))
        else:
            by = draw(st.sampled_from(["alice", "bob"]))
            expected = draw(st.sampled_from([None, None, 1, 2]))
            records.append(command(offset, draw(ASKED), by=by, expected_version=expected))
    return records


@dataclass(frozen=True)
class Course:
    """How the same commands came to be decided: in which batches, with what trouble, restarted where."""

    batches: list[int]
    troubles: list[Any]
    restarts: set[int]
    store_kept: bool


COURSES = st.builds(
    Course,
    batches=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    troubles=st.lists(
        st.sampled_from([reply_lost, never_stored, stored_by_another_first, noise_first, lambda *_: None]), max_size=8
    ),
    restarts=st.sets(st.integers(0, 12), max_size=4),
    store_kept=st.booleans(),
)


async def run(records: Sequence[Stored], course: Course) -> MemoryLog:
    log = MemoryLog()
    log.troubles = list(course.troubles)
    with tempfile.TemporaryDirectory() as directory:
        stores = iter(range(100))
        ledger = open_ledger(ONE, Path(directory) / "0", KINDS)
        journal = open_journal(ledger, log, KINDS)
        await journal.open()
        done = 0
        for number, size in enumerate([*course.batches, len(records)]):
            if number in course.restarts:
                ledger.close()
                store = "0" if course.store_kept else f"new {next(stores)}"
                ledger = open_ledger(ONE, Path(directory) / store, KINDS)
                journal = open_journal(ledger, log, KINDS)
                # Kafka delivers again from the first command the journal has not answered.
                done = await journal.open()
            batch = records[done : done + size]
            if batch:
                await work(journal, batch)
                done += len(batch)
        ledger.close()
    return log


PLAINLY = Course(batches=[1] * 12, troubles=[], restarts=set(), store_kept=True)


@settings(max_examples=40, deadline=None)
@given(records=asked(), course=COURSES)
async def test_the_journal_is_the_same_whatever_happens_on_the_way(records: list[Stored], course: Course) -> None:
    plain = await run(records, PLAINLY)
    other = await run(records, course)
    told = [(r.key, r.value) for r in plain.counting()]
    assert told == [(r.key, r.value) for r in other.counting()]
    assert len(told) == len(plain.records)


@settings(max_examples=20, deadline=None)
@given(records=asked())
async def test_what_is_folded_is_what_was_decided(records: list[Stored]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        log = MemoryLog()
        owner = open_ledger(ONE, Path(directory) / "owner", KINDS)
        journal = open_journal(owner, log, KINDS)
        await journal.open()
        await work(journal, records)
        reader = open_ledger(ONE, Path(directory) / "reader", KINDS)
        await open_journal(reader, log, KINDS).open()
        assert reader.mark.head == owner.mark.head
        assert reader.mark.next == owner.mark.next
        for subject in (b"r1", b"r2", b"r3"):
            assert reader.state(subject) == owner.state(subject)
        for record in records:
            name = dict(record.headers).get("ce_id", b"").decode() or f"command-{record.offset}"
            assert reader.outcome(name) == owner.outcome(name)
        owner.close()
        reader.close()


def test_trouble_is_trouble() -> None:
    """The faults above really raise, or the laws would hold for nothing."""
    for trouble in (reply_lost, never_stored):
        try:
            trouble(MemoryLog(), [])
        except Unsure:
            continue
        raise AssertionError(trouble)
