"""Listeners hear each fact once, in order, from wherever they begin, and only what they may know."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from infra.auth import Caller
from infra.ending import ended
from projections.listening.asked import Asked, beginning
from projections.listening.audience import OF_ONE_CALLER, Audience
from projections.listening.entry import Entry
from projections.listening.filter import Filter
from projections.listening.listener import Listener
from projections.listening.programme import Chunk
from projections.listening.ring import Ring
from projections.reading import Place
from schemas.message import CommandRejected
from schemas.problems import Problem
from schemas.resource import ResourceRenamed
from tests.projections.listening.hearing import AUDITOR, Heard, Paper, audience, listener, member
from tests.projections.telling import FIRST_MOMENT, Journal, partition_of, registered

HERE, THERE = Place("resource", 0), Place("resource", 1)
ALL = Filter(("resource",))
START = {Place("resource", number): -1 for number in range(8)}


def journals(*told: Journal) -> Paper:
    """Give journals of resources, those that are not told with nothing in them."""
    return Paper({place: [] for place in START} | {journal.place: list(journal.records) for journal in told})


@pytest.fixture
def two() -> tuple[Journal, Journal]:
    """Two journals of some facts, a refusal and a void record."""
    first, second = Journal(partition=0), Journal(partition=1)
    for n in range(20):
        first.tell(f"a{n % 3}", registered(f"A {n}"))
        second.tell(f"b{n % 2}", registered(f"B {n}"))
    second.append(b"b0", second.records[3].value, prev=bytes(32))
    second.tell("b0", CommandRejected(code="resource_exists", reason="It is there."))
    second.tell("b0", ResourceRenamed(name="Last"))
    return first, second


@asynccontextmanager
async def listening(there: Audience, *listeners: Listener) -> AsyncIterator[list[asyncio.Task[None]]]:
    await there.open()
    with there.seat("ada"):
        tasks = [asyncio.create_task(each.listen()) for each in listeners]
        yield tasks
    await ended(*tasks)
    await there.stop()


async def test_from_the_beginning_each_fact_comes_once_and_nothing_that_does_not_count(
    two: tuple[Journal, Journal],
) -> None:
    there, heard = audience(journals(*two)), Heard()
    async with listening(there, listener(there, ALL, START, heard)):
        await heard.until(41)
    assert sorted(heard.positions) == sorted(
        [f"resource:0:{n}" for n in range(20)] + [f"resource:1:{n}" for n in (*range(20), 22)]
    )


async def test_who_begins_anywhere_hears_all_the_rest(two: tuple[Journal, Journal]) -> None:
    there, heard = audience(journals(*two)), Heard()
    async with listening(there, listener(there, ALL, START | {HERE: 16, THERE: 19}, heard)):
        await heard.until(4)
    assert sorted(heard.positions) == ["resource:0:17", "resource:0:18", "resource:0:19", "resource:1:22"]


async def test_what_comes_is_heard_by_all_and_read_once() -> None:
    journal = Journal()
    paper = journals(journal)
    there, all_heard = audience(paper), [Heard() for _ in range(5)]
    async with listening(there, *(listener(there, ALL, START, heard) for heard in all_heard)):
        for n in range(10):
            journal.tell("a", registered(f"A {n}"))
            paper.journals[HERE] = list(journal.records)
            await asyncio.gather(*(heard.until(n + 1) for heard in all_heard))
    assert all(heard.positions == [f"resource:0:{n}" for n in range(10)] for heard in all_heard)
    assert paper.readings == 1


async def test_an_id_says_how_far_one_is_in_all_journals(two: tuple[Journal, Journal]) -> None:
    there, heard = audience(journals(*two)), Heard()
    async with listening(there, listener(there, ALL, START, heard)):
        await heard.until(41)
    reached = dict(START)
    for event in heard.events[1:]:
        domain, partition, offset = event["data"]["position"].split(":")
        reached[Place(domain, int(partition))] = int(offset)
        said = {tuple(each.split(":")[:2]): int(each.split(":")[2]) for each in event["id"].split(",")}
        assert said == {(p.domain, str(p.partition)): at for p, at in reached.items() if at >= 0}
    assert heard.events[0] == {"id": "beginning", "event": "reached", "data": {"position": "beginning"}}


@pytest.mark.parametrize("in_ring", [True, False])
async def test_since_a_moment_nothing_older_is_heard(*, in_ring: bool) -> None:
    first, second = Journal(partition=0), Journal(partition=1)
    for n in range(20):
        first.tell("a", registered(f"A {n}"))
        second.tell("b", registered(f"B {n}"))
    paper = journals(first, second)
    if in_ring:  # as the audience has read all since it began to, and else not
        paper.shown = {HERE: 0, THERE: 0}
    there, all_heard = audience(paper), [Heard(), Heard()]
    moment = datetime.fromtimestamp((FIRST_MOMENT + 17) / 1000, UTC)
    await there.open()
    paper.shown = {}
    position, since = await beginning(Asked(ALL, moment=moment), paper, paper)
    assert position[HERE] == 13
    listeners = [listener(there, ALL, position, heard, since=since) for heard in all_heard]
    async with listening(there, *listeners):
        for heard in all_heard:
            await heard.until(6)
        first.tell("a", ResourceRenamed(name="Now"))
        paper.journals[HERE] = list(first.records)
        for heard in all_heard:
            await heard.until(7)
    wanted = [f"resource:{number}:{n}" for number in (0, 1) for n in (17, 18, 19)] + ["resource:0:20"]
    assert [sorted(heard.positions) for heard in all_heard] == [sorted(wanted)] * 2


async def test_who_comes_while_kafka_is_away_need_not_wait_long_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.listening.asked.PATIENCE", 0.05)
    paper, endless = journals(), asyncio.Event()

    async def ends(_: Iterable[Place]) -> dict[Place, int]:
        await endless.wait()
        return {}

    monkeypatch.setattr(paper, "ends", ends)
    for wanted in (Asked(ALL), Asked(ALL, positions=START), Asked(ALL, moment=datetime.now(UTC))):
        with pytest.raises(Problem) as refused:
            await asyncio.wait_for(beginning(wanted, paper, paper), 5)
        assert (refused.value.code, refused.value.status) == ("kafka_unavailable", 503)


async def test_filters_let_through_what_they_name(two: tuple[Journal, Journal]) -> None:
    there = audience(journals(*two))
    cases = {
        Filter(("resource",), types=frozenset({"resource.renamed"})): 1,
        Filter(("resource",), types=frozenset({"command.rejected"})): 1,
        Filter(("resource",), actors=frozenset({"alice"})): 41,
        Filter(("resource",), types=frozenset({"resource.renamed"}), actors=frozenset({"bob"})): 0,
    }
    all_heard = [Heard() for _ in cases]
    listeners = [listener(there, wanted, START, heard) for wanted, heard in zip(cases, all_heard, strict=True)]
    async with listening(there, *listeners):
        await all_heard[2].until(41)
        await asyncio.sleep(0.1)
    assert [len(heard.facts) for heard in all_heard] == list(cases.values())


async def test_of_a_subject_only_its_own_journal_is_followed() -> None:
    wanted = Filter(("resource",), subjects=frozenset({"r7"}))
    assert wanted.places() == (Place("resource", partition_of("r7")),)


async def test_a_member_hears_of_what_it_may_read_now() -> None:
    journal = Journal()
    for subject in ("mine", "theirs", "mine"):
        journal.tell(subject, registered(owner="bob"))
    asked: list[Sequence[str]] = []

    async def known(facts: Mapping[Place, int]) -> bool:
        assert facts in ({HERE: 2}, {})
        return True

    async def readers(ids: Sequence[str]) -> dict[str, frozenset[str]]:
        asked.append(ids)
        return {"mine": frozenset({"alice"}), "theirs": frozenset({"bob"})}

    there, heard = audience(journals(journal), readers, known), Heard()
    async with listening(there, listener(there, ALL, START, heard, member("alice"))):
        await heard.until(2)
        await asyncio.sleep(0.05)
    assert heard.positions == ["resource:0:0", "resource:0:2"]
    assert [sorted(ids) for ids in asked] == [["mine", "theirs"]]
    assert "address" not in heard.facts[0]["actor"]


async def alice_reads(_: Sequence[str]) -> dict[str, frozenset[str]]:
    return {"mine": frozenset({"alice"})}


async def test_a_member_waits_while_the_read_model_does_not_know_the_fact() -> None:
    journal = Journal()
    journal.tell("mine", registered())
    caught_up = False

    async def known(_: Mapping[Place, int]) -> bool:
        await asyncio.sleep(0)
        return caught_up

    paper = journals(journal)
    paper.shown = {HERE: 0}
    there, heard = audience(paper, alice_reads, known), Heard()
    async with listening(there, listener(there, ALL, START, heard, member("alice"))):
        paper.shown = {}
        await asyncio.sleep(0.1)
        assert not heard.facts
        caught_up = True
        await heard.until(1)


async def test_while_the_read_model_lags_nobody_is_left_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.listening.listener.HEARTBEAT", 0.1)
    monkeypatch.setattr("projections.listening.audience.BEAT", 0.05)
    journal = Journal()
    journal.tell("mine", registered())
    lag = asyncio.Event()

    async def known(_: Mapping[Place, int]) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(lag.wait(), 0.1)
        return lag.is_set()

    paper = journals(journal)
    paper.shown = {HERE: 0}
    there, all_heard = audience(paper, alice_reads, known), [Heard() for _ in range(20)]
    async with listening(there, *(listener(there, ALL, START, heard, member("alice")) for heard in all_heard)):
        paper.shown = {}
        await asyncio.sleep(1)
        assert [len(heard.events) >= 3 for heard in all_heard] == [True] * 20
        lag.set()
        await asyncio.gather(*(heard.until(1) for heard in all_heard))


async def test_who_loses_a_right_hears_no_more(two: tuple[Journal, Journal]) -> None:
    there, heard, changes = audience(journals(*two)), Heard(), [0]

    async def again() -> Caller:
        return AUDITOR if not changes[0] else member("ada")

    one = listener(there, ALL, START, heard, again=again, changes=lambda: changes[0])
    async with listening(there, one) as (task,):
        await heard.until(41)
        changes[0] = 1
        with pytest.raises(Problem) as ended_by:
            await asyncio.wait_for(task, 5)
    assert ended_by.value.code == "rights_changed"


async def test_who_falls_out_of_the_ring_is_told_so() -> None:
    journal = Journal()
    paper = journals(journal)
    there, heard, free = audience(paper), Heard(), asyncio.Event()

    async def give(_: Chunk) -> None:
        heard.events.append({"event": "reached"})
        if len(heard.events) > 1:
            await free.wait()

    async with listening(there, listener(there, ALL, START, heard, give=give)) as (task,):
        there.ring._entries = [None] * 10
        for n in range(30):
            journal.tell("a", registered(f"A {n}"))
            paper.journals[HERE] = list(journal.records)
            await asyncio.sleep(0.03)
        free.set()
        with pytest.raises(Problem) as ended_by:
            await asyncio.wait_for(task, 5)
    assert ended_by.value.code == "listener_behind"


async def test_nobody_has_more_seats_than_they_may() -> None:
    there = audience(journals())
    seats = [there.seat("ada") for _ in range(OF_ONE_CALLER)]
    for seat in seats:
        seat.__enter__()
    with pytest.raises(Problem) as refused, there.seat("ada"):
        pass
    assert (refused.value.code, refused.value.status) == ("too_many_listeners", 429)
    with there.seat("bob"):
        pass
    for seat in seats:
        seat.__exit__(None, None, None)
    with there.seat("ada"):
        pass


def test_a_ring_is_bounded_in_facts_and_in_bytes(two: tuple[Journal, Journal]) -> None:
    entries = [Entry(HERE, record) for record in two[0].records]
    few = Ring({HERE: -1}, most=5)
    small = Ring({HERE: -1}, most_bytes=entries[0].size * 4)
    for entry in entries:
        few.put(entry)
        small.put(entry)
    assert [entry.offset for entry in few.between(few.start, few.end)] == [15, 16, 17, 18, 19]
    assert few.floor == {HERE: 14}
    assert few.covers({HERE: 14})
    assert not few.covers({HERE: 13})
    assert small.size <= entries[0].size * 4 < small.size + 2 * entries[0].size


async def test_a_door_that_closes_tells_its_listeners() -> None:
    there, heard = audience(journals()), Heard()
    async with listening(there, listener(there, ALL, START, heard)) as (task,):
        there.closing = lambda: True
        with pytest.raises(Problem) as ended_by:
            await asyncio.wait_for(task, 5)
    assert ended_by.value.code == "door_closing"
