import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.decider import Decider
from schemas.kind import DefineKind
from schemas.message import CommandRejected, CommandUnchanged
from schemas.partition import partition_of
from schemas.problems import STATUS
from schemas.resource import (
    ChangeResource,
    RegisterResource,
    RenameResource,
    ResourceChanged,
    ResourceRegistered,
    ResourceRenamed,
    ResourceTagged,
    TrashResource,
)
from streams.deciders import DECIDERS, Deciding
from streams.journal import Journal
from streams.ledger import Ledger
from streams.records import CLOCK_SKEW_MS, KEPT_MS, REMEMBERED_MS, WINDOW_MS, KindsBehind
from streams.store import SEEN, Store
from tests.streams.memory import (
    NOW,
    Awake,
    FixedKinds,
    MemoryLog,
    Stored,
    Told,
    command,
    never_stored,
    noise_first,
    open_journal,
    open_ledger,
    reply_lost,
    stored_by_another_first,
)

ANYTHING = {"type": "object"}
KINDS = FixedKinds({("note", 1): ANYTHING})
RULES = next(deciding for deciding in DECIDERS if deciding.domain.name == "resource")
ONE = Deciding(replace(RULES.domain, partitions=1), RULES.decider)


def register(id_: str = "r1", name: str = "one") -> RegisterResource:
    return RegisterResource(resource_id=id_, kind="note", name=name, attributes={}, kind_version=1, kind_position=0)


def rename(name: str, id_: str = "r1") -> RenameResource:
    return RenameResource(resource_id=id_, name=name)


class Bench:
    """One partition with its log, owner and whoever waits for replies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = MemoryLog()
        self.told = Told()
        self.ledger = self.owner()

    def owner(self, deciding: Deciding = ONE, store: str = "0") -> Ledger:
        self.ledger = open_ledger(deciding, self.path / store, KINDS)
        return self.ledger

    async def open(self, pulse: Any = None) -> Journal:
        journal = open_journal(self.ledger, self.log, KINDS, self.told, pulse)
        await journal.open()
        return journal

    async def answer(self, *records: Stored) -> None:
        journal = await self.open()
        await work(journal, records)

    def facts(self) -> list[type]:
        return [type(recorded.fact) for recorded in self.log.recorded()]


async def work(journal: Journal, records: Sequence[Stored]) -> None:
    """Offer commands and let the owner answer all of them."""
    assert journal.offer(records)
    running = asyncio.create_task(journal.run())
    while journal.ledger.mark.command <= records[-1].offset and not running.done():  # noqa: ASYNC110 - it says nothing
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


async def test_a_command_leaves_its_facts_in_order(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("two")))
    registered, renamed = bench.log.recorded()
    assert isinstance(registered.fact, ResourceRegistered)
    assert registered.meta.version == 1
    assert renamed.fact == ResourceRenamed(name="two")
    assert renamed.meta.version == 2
    assert renamed.meta.command_id == "command-1"
    assert renamed.meta.command_type == "resource.rename"
    assert renamed.meta.command_offset == 1
    assert renamed.meta.time == NOW + 1


async def test_everything_queued_goes_into_one_append(bench: Bench) -> None:
    appends: list[int] = []

    def count(_: MemoryLog, entries: Sequence[Any]) -> None:
        appends.append(len(entries))

    bench.log.troubles = [count, count]
    await bench.answer(command(0, register()), command(1, rename("two")), command(2, rename("three")))
    assert appends == [3]


async def test_a_repeated_id_leaves_nothing_and_is_told_the_first_outcome(bench: Bench) -> None:
    await bench.answer(command(0, register(), reply="door"), command(1, rename("two"), id_="same", reply="door"))
    await bench.answer(command(2, rename("two"), id_="same", reply="door"), command(3, rename("three"), reply="door"))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, ResourceRenamed]
    outcomes = [outcome for _, outcome in bench.told.outcomes]
    assert outcomes[1] == outcomes[2]
    assert outcomes[1].position == "resource:0:1"
    assert outcomes[1].facts == ("resource.renamed",)


async def test_an_id_used_for_something_else_is_told_so(bench: Bench) -> None:
    await bench.answer(
        command(0, register(), id_="same", digest="a", reply="door"),
        command(1, rename("two"), id_="same", digest="b", reply="door"),
    )
    assert bench.facts() == [ResourceRegistered]
    assert bench.told.outcomes[1][1].code == "idempotency_key_reused"


async def test_a_command_with_nothing_to_add_is_answered(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("one")))
    assert bench.facts() == [ResourceRegistered, CommandUnchanged]
    assert bench.log.recorded()[1].meta.version == 1


async def test_a_refusal_is_in_the_journal_with_its_code(bench: Bench) -> None:
    await bench.answer(command(0, rename("two"), reply="door"))
    (rejected,) = bench.log.recorded()
    assert isinstance(rejected.fact, CommandRejected)
    assert rejected.fact.code == "resource_unknown"
    assert bench.told.outcomes[0][1].status == "rejected"


@pytest.mark.parametrize("trouble", [reply_lost, never_stored, stored_by_another_first, noise_first])
async def test_whatever_happens_to_an_append_its_facts_count_once(bench: Bench, trouble: Any) -> None:
    bench.log.troubles = [trouble, trouble]
    await bench.answer(command(0, register()), command(1, rename("two")))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed]


async def test_nobody_is_told_before_the_log_has_it(bench: Bench) -> None:
    def not_yet(_: MemoryLog, __: Any) -> None:
        assert not bench.told.outcomes

    bench.log.troubles = [not_yet]
    await bench.answer(command(0, register(), reply="door"))
    assert [outcome.status for _, outcome in bench.told.outcomes] == ["accepted"]


async def test_an_owner_reads_the_whole_journal_before_it_decides(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("two")))
    bench.ledger.close()
    bench.owner(store="of another machine")
    await bench.answer(command(2, rename("two")))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, CommandUnchanged]


async def test_a_zombie_appends_only_void_records(bench: Bench, tmp_path: Path) -> None:
    await bench.answer(command(0, register()))
    zombie = Bench(tmp_path / "zombie")
    zombie.log = bench.log
    stale = await zombie.open()
    await bench.answer(command(1, rename("two")))
    await work(stale, [command(1, rename("two"))])
    assert bench.facts() == [ResourceRegistered, ResourceRenamed]
    assert len(bench.log.records) == 3
    assert stale.ledger.mark.head == bench.ledger.mark.head
    zombie.ledger.close()


async def test_a_worker_its_group_has_not_heard_waits_and_reads_the_journal_again(bench: Bench) -> None:
    class Stalled(Awake):
        stalled = False
        waited = False

        def lost(self) -> bool:
            return self.stalled

        async def regained(self) -> None:
            self.stalled = False
            self.waited = True

    pulse = Stalled()
    journal = await bench.open(pulse)
    pulse.stalled = True
    other = command(0, register())
    bench.log.store(bench.ledger.draft([other]).entries)
    await work(journal, [other, command(1, rename("two"))])
    assert pulse.waited
    assert len(bench.log.records) == len(bench.log.counting()) == 2


async def test_bytes_that_are_no_command_are_refused_and_kept(bench: Bench) -> None:
    await bench.answer(Stored(0, NOW, b"r1", b"\0garbage"), Stored(1, NOW, None, None), command(2, register()))
    first, second, third = bench.log.recorded()
    assert isinstance(first.fact, CommandRejected)
    assert first.fact.code == "command_undecodable"
    assert first.fact.undecodable == "AGdhcmJhZ2U="
    assert isinstance(second.fact, CommandRejected)
    assert isinstance(third.fact, ResourceRegistered)


async def test_a_rule_that_breaks_is_a_refusal_and_the_next_command_is_decided(bench: Bench) -> None:
    def breaks(state: Any, asked: Any, asking: Any) -> Any:
        if isinstance(asked, TrashResource):
            raise ZeroDivisionError
        return ONE.decider.decide(state, asked, asking)

    bench.ledger.close()
    bench.owner(Deciding(ONE.domain, Decider(ONE.decider.initial, breaks, ONE.decider.evolve)))
    await bench.answer(command(0, register()), command(1, TrashResource(resource_id="r1")), command(2, rename("two")))
    assert bench.facts() == [ResourceRegistered, CommandRejected, ResourceRenamed]
    refusal = bench.log.recorded()[1].fact
    assert isinstance(refusal, CommandRejected)
    assert refusal.code == "rule_failed"
    assert "ZeroDivisionError" in refusal.reason
    assert "command-1" in refusal.reason


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (command(0, register(), asked_at=NOW - WINDOW_MS - 1, stored_at=NOW), "command_expired"),
        (command(0, register(), asked_at=NOW + CLOCK_SKEW_MS + 1, stored_at=NOW), "command_from_the_future"),
        (command(0, register(), expected_version=1), "version_conflict"),
        (command(0, rename("two"), by="mallory", expected_version=1), "resource_unknown"),
        (replace(command(0, register()), key=b"r2"), "subject_mismatch"),
        (command(0, DefineKind(kind="invoice", json_schema={})), "wrong_topic"),
    ],
)
async def test_what_no_rule_needs_to_see_is_refused(bench: Bench, asked: Stored, code: str) -> None:
    await bench.answer(asked)
    (rejected,) = bench.log.recorded()
    assert isinstance(rejected.fact, CommandRejected)
    assert rejected.fact.code == code


async def test_the_expected_version_is_the_one_before_the_command(bench: Bench) -> None:
    await bench.answer(
        command(0, register(), expected_version=0),
        command(1, rename("two"), expected_version=1),
        command(2, rename("three"), expected_version=1),
    )
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, CommandRejected]


async def test_a_new_subject_in_a_partition_not_its_own_is_refused(bench: Bench) -> None:
    bench.ledger.close()
    bench.owner(RULES)
    wrong = next(f"r{n}" for n in range(100) if partition_of(f"r{n}".encode(), 8) != 0)
    await bench.answer(command(0, register(wrong)))
    (rejected,) = bench.log.recorded()
    assert isinstance(rejected.fact, CommandRejected)
    assert rejected.fact.code == "wrong_partition"


async def test_an_id_older_than_the_window_is_a_new_one(bench: Bench) -> None:
    later = NOW + REMEMBERED_MS + 10
    await bench.answer(
        command(0, register(), id_="first"), command(1, rename("two"), id_="same", asked_at=NOW, stored_at=NOW)
    )
    await bench.answer(command(2, rename("three"), id_="same", asked_at=later, stored_at=later))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, ResourceRenamed]


async def test_ids_older_than_the_window_are_forgotten(bench: Bench) -> None:
    await bench.answer(*(command(n, register(f"r{n}")) for n in range(50)))
    later = NOW + KEPT_MS + 1000
    for n in range(50, 100):  # each answer sweeps two of those before it
        await bench.answer(command(n, register(f"r{n}"), asked_at=later, stored_at=later))
    stored = bench.ledger._store._db.keys()
    remembered = [key for key in stored if isinstance(key, bytes) and key.startswith(SEEN)]
    assert len(remembered) == 50


async def test_a_restart_reads_only_what_the_store_lacks(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("two")))
    bench.ledger.close()
    bench.owner()
    assert bench.ledger.mark.next == 2
    assert bench.ledger.state(b"r1")[0] == 2
    await bench.answer(command(2, rename("two"), id_="command-1"), command(3, rename("two")))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, CommandUnchanged]


async def test_states_made_by_other_rules_are_thrown_away(bench: Bench) -> None:
    await bench.answer(command(0, register()))
    bench.ledger.close()
    store = Store(bench.path / "0", type(ONE.decider.initial), "other rules", KEPT_MS)
    assert store.mark().next == 0
    assert store.state(b"r1") is None
    store.close()
    bench.owner()


async def test_a_store_that_another_holds_is_no_obstacle(bench: Bench) -> None:
    await bench.answer(command(0, register()))
    stalled = bench.ledger
    bench.owner()
    await bench.answer(command(1, rename("two")))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed]
    stalled.close()


async def test_a_store_that_knows_more_than_the_journal_is_of_another_one(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("two")))
    bench.log.records.clear()
    await bench.answer(command(0, register()))
    assert bench.facts() == [ResourceRegistered]
    assert bench.ledger.state(b"r1")[0] == 1


async def test_a_store_of_another_journal_is_not_believed(bench: Bench) -> None:
    await bench.answer(command(0, register()), command(1, rename("two")))
    bench.log.records.clear()
    other = Bench(bench.path / "other")
    other.log = bench.log
    await other.answer(command(0, register(name="a")), command(1, rename("b")), command(2, rename("c")))
    other.ledger.close()
    await bench.answer(command(3, rename("two")))
    assert bench.facts() == [ResourceRegistered, ResourceRenamed, ResourceRenamed, ResourceRenamed]
    assert len(bench.log.counting()) == len(bench.log.records)


async def test_of_two_releases_that_answer_differently_one_answer_counts_whole(bench: Bench, tmp_path: Path) -> None:
    def twice(state: Any, asked: Any, asking: Any) -> Any:
        facts = ONE.decider.decide(state, asked, asking)
        return [*facts, ResourceTagged(tags=("new",))] if isinstance(asked, RenameResource) else facts

    await bench.answer(command(0, register()))
    newer = Bench(tmp_path / "newer")
    newer.ledger.close()
    newer.owner(Deciding(ONE.domain, Decider(ONE.decider.initial, twice, ONE.decider.evolve)))
    newer.log = bench.log
    stale = await newer.open()
    await bench.answer(command(1, rename("two"), reply="door"))
    await work(stale, [command(1, rename("two"))])
    newer.ledger.close()
    assert bench.facts() == [ResourceRegistered, ResourceRenamed]
    assert bench.told.outcomes[0][1].facts == ("resource.renamed",)


async def test_an_id_is_remembered_as_long_as_its_repeat_may_be_young_enough(bench: Bench) -> None:
    asked = NOW + CLOCK_SKEW_MS
    repeated = command(2, rename("two"), id_="same", asked_at=asked, stored_at=asked + WINDOW_MS)
    await bench.answer(
        command(0, register(), stored_at=NOW),
        command(1, rename("two"), id_="same", asked_at=asked, stored_at=NOW),
        repeated,
    )
    assert bench.facts() == [ResourceRegistered, ResourceRenamed]


@pytest.mark.parametrize("trouble", [(b"r1", b"\0" * 900_000), (b"k" * 900_000, b"")], ids=["value", "key"])
async def test_the_largest_garbage_fits_an_append(bench: Bench, trouble: tuple[bytes, bytes]) -> None:
    key, value = trouble
    await bench.answer(Stored(0, NOW, key, value), command(1, register()))
    assert bench.facts() == [CommandRejected, ResourceRegistered]
    assert all(len(record.key or b"") + len(record.value or b"") < 300_000 for record in bench.log.records)


async def test_a_command_that_leaves_too_much_is_refused(bench: Bench) -> None:
    def floods(state: Any, asked: Any, asking: Any) -> Any:
        if isinstance(asked, TrashResource):
            return [ResourceRenamed(name="x" * 1000)] * 400
        return ONE.decider.decide(state, asked, asking)

    bench.ledger.close()
    bench.owner(Deciding(ONE.domain, Decider(ONE.decider.initial, floods, ONE.decider.evolve)))
    await bench.answer(command(0, register()), command(1, TrashResource(resource_id="r1")), command(2, rename("two")))
    assert bench.facts() == [ResourceRegistered, CommandRejected, ResourceRenamed]
    assert bench.ledger.state(b"r1")[0] == 2


async def test_commands_that_skip_some_are_not_taken(bench: Bench) -> None:
    journal = await bench.open()
    assert not journal.offer([command(1, rename("two"))])
    assert journal.offer([command(0, register())])
    assert journal.offer([command(0, register()), command(1, rename("two"))])
    assert journal.expected == 2


async def test_a_full_queue_says_so_until_half_of_it_is_decided(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.journal.QUEUED_AT_MOST", 4)
    monkeypatch.setattr("streams.journal.TAKEN_AT_ONCE", 1)
    journal = await bench.open()
    journal.offer([command(n, register(f"r{n}")) for n in range(6)])
    assert not journal.room.is_set()
    await work(journal, [command(5, register("r5"))])
    assert journal.room.is_set()


async def test_large_commands_are_spread_over_appends(bench: Bench) -> None:
    sizes: list[int] = []

    def weigh(_: MemoryLog, entries: Sequence[Any]) -> None:
        sizes.append(sum(len(entry.value) for entry in entries))

    bench.log.troubles = [weigh] * 10
    big = {"text": "x" * 60_000}
    commands = [command(n, register(f"r{n}").model_copy(update={"attributes": big})) for n in range(20)]
    await bench.answer(*commands)
    assert len(sizes) > 1
    assert max(sizes) < 900_000
    assert len(bench.log.counting()) == 20


async def test_kinds_are_read_as_far_as_the_command_says_before_it_is_decided(bench: Bench) -> None:
    class Behind(FixedKinds):
        reached = -1

        def at(self, position: int | None) -> Any:
            if position is not None and position > self.reached:
                raise KindsBehind(position)
            return super().at(position)

        async def reach(self, position: int) -> None:
            self.reached = position

    kinds = Behind({("note", 1): ANYTHING})
    bench.ledger.close()
    bench.ledger = open_ledger(ONE, bench.path / "1", kinds)
    journal = open_journal(bench.ledger, bench.log, kinds)
    await journal.open()
    await work(journal, [command(0, register())])
    assert kinds.reached == 0
    assert bench.facts() == [ResourceRegistered]


async def test_what_a_resource_was_checked_against_stays_known_to_it(bench: Bench) -> None:
    await bench.answer(
        command(0, register()),
        # A door that lags says that it knows less than the one which took the registration.
        command(1, ChangeResource(resource_id="r1", patch={"a": 1}, kind_position=None)),
    )
    assert bench.facts() == [ResourceRegistered, ResourceChanged]


async def test_the_trace_of_a_command_goes_along_with_its_facts(bench: Bench) -> None:
    traceparent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = replace(command(0, register()), headers=(("traceparent", traceparent),))
    await bench.answer(asked)
    assert dict(bench.log.records[0].headers)["traceparent"] == traceparent


def test_refusals_of_the_journal_are_problems_people_can_look_up() -> None:
    codes = {
        "command_undecodable", "rule_failed", "command_expired", "command_from_the_future", "subject_mismatch",
        "wrong_partition", "wrong_topic", "version_conflict", "idempotency_key_reused",
    }  # fmt: skip
    assert codes <= STATUS.keys()
