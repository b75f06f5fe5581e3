"""Policies on a real Kafka: whatever is killed, taken over or comes twice, each fact leads to its commands once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Self
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from prometheus_client import REGISTRY

from infra import kafka
from infra import topics as kafka_topics
from infra.settings import Settings
from schemas import account, topics, wire
from schemas.account import OpenAccount
from schemas.address import AddressClaimed, AddressReleased
from schemas.message import Asked, Recorded
from schemas.person import Opening
from streams import seeing
from streams.ask import Asker
from streams.committed import committed_by
from streams.policies import FOLLOWED
from streams.policing import Hearing, Policing, SeeTo, asking
from streams.seeing import MOST, NotNow
from tests.projections.appending import Appender
from tests.projections.telling import FIRST_MOMENT, Journal, until

PARTITIONS = 2
OPENING = Opening(sealed_address="address", profile={})


class Ground:
    """Journals of addresses that nobody else writes to, on paper and on Kafka, and a group that nobody else is in."""

    def __init__(self, settings: Settings, appender: Appender) -> None:
        self.name = f"policing{uuid4().hex}"
        self.connection = kafka.connection(settings)
        self.topic = topics.facts(self.name)
        self.journals = [Journal(self.name, number) for number in range(PARTITIONS)]
        self.claimed: list[str] = []
        self._appender = appender

    async def claim(self, count: int = 1) -> None:
        """Claim addresses for accounts that were never heard of; void records and others' facts stand between."""
        for n in range(count):
            journal = self.journals[n % PARTITIONS]
            self.claimed.append(str(uuid4()))
            claimed = AddressClaimed(account_id=self.claimed[-1], claimed=FIRST_MOMENT, opening=OPENING)
            void = AddressClaimed(account_id="void", claimed=FIRST_MOMENT, opening=OPENING)
            journal.append(b"a", wire.encode_fact(journal.recorded("a", void)), prev=bytes(31) + b"\1")
            journal.tell(uuid4().hex * 2, claimed)
            journal.tell(uuid4().hex * 2, AddressReleased(account_id="somebody"))
        await self.append()

    async def append(self) -> None:
        await self._appender.append(*self.journals)

    @asynccontextmanager
    async def policed(self, see_to: SeeTo, at_once: int = 1, hearing: Hearing | None = None) -> AsyncIterator[Policing]:
        policing = Policing(self.connection, self.name, FOLLOWED, see_to, at_once=at_once, hearing=hearing)
        policing.topics = [self.topic]
        await policing.start()
        try:
            yield policing
        finally:
            await policing.stop()

    async def committed(self) -> list[int]:
        places = [TopicPartition(self.topic, each.partition) for each in self.journals]
        reached = await committed_by(self.connection, f"annal.{self.name}", places)
        return [reached[place].next for place in places]

    async def all_committed(self) -> bool:
        return await self.committed() == [len(each.records) for each in self.journals]

    def all_committed_of(self, number: int) -> Callable[[], Awaitable[bool]]:
        async def all_of_it() -> bool:
            return (await self.committed())[number] == len(self.journals[number].records)

        return all_of_it

    def metric(self, name: str) -> float:
        return REGISTRY.get_sample_value(name, {"policing": self.name}) or 0


@pytest.fixture
async def ground(stack: Settings) -> AsyncIterator[Ground]:
    await kafka_topics.create(stack)
    appender = Appender(stack)
    await appender.start()
    ground = Ground(stack, appender)
    admin = AIOKafkaAdminClient(**ground.connection)
    await admin.start()
    await admin.create_topics([NewTopic(ground.topic, PARTITIONS, 1)])
    yield ground
    await admin.delete_topics([ground.topic])
    await admin.close()
    await appender.stop()


@pytest.fixture
async def asker(ground: Ground) -> AsyncIterator[Asker]:
    asker = Asker(ground.connection)
    yield asker
    await asker.stop()


class Seen:
    """What somebody who only notes the facts has been asked to see to."""

    def __init__(self) -> None:
        self.accounts: list[str] = []

    async def see_to(self, recorded: Recorded) -> None:
        assert isinstance(recorded.fact, AddressClaimed)
        self.accounts.append(recorded.fact.account_id)

    async def all_of(self, ground: Ground) -> bool:
        return set(self.accounts) == set(ground.claimed)


class Heard:
    """What somebody who hears all facts was told since they last forgot."""

    def __init__(self) -> None:
        self.facts: dict[str, list[tuple[str, str]]] = {}
        self.beats = 0

    def hear(self, recorded: Recorded, position: str) -> None:
        journal, _, offset = position.rpartition(":")
        self.facts.setdefault(journal, []).append((offset, recorded.fact.type))

    def beat(self) -> None:
        self.beats += 1

    def forget(self) -> None:
        self.facts = {}

    def all_of(self, ground: Ground) -> bool:
        return self.facts == {f"{ground.name}:{each.partition}": counting(each) for each in ground.journals}


def counting(journal: Journal) -> list[tuple[str, str]]:
    """Give offset and type of every fact of a journal that counts: of three that are told the first is void."""
    facts = [(str(each.offset), wire.decode_fact(each.value).fact.type) for each in journal.records]
    return [each for n, each in enumerate(facts) if n % 3]


class Commands:
    """The commands topic of accounts, from now on; other tests write to it too."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._consumer = AIOKafkaConsumer(**ground.connection)
        self.asked: list[Asked] = []

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        topic = topics.commands("account")
        places = [TopicPartition(topic, number) for number in range(account.DOMAIN.partitions)]
        self._consumer.assign(places)
        for place, end in (await self._consumer.end_offsets(places)).items():
            self._consumer.seek(place, end)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def all_there(self) -> bool:
        """Read on, and say whether every account that an address was claimed for is to be opened."""
        for records in (await self._consumer.getmany(timeout_ms=100)).values():
            self.asked += [wire.decode_command(record.value) for record in records]
        return set(self.opened()) == set(self._ground.claimed)

    def opened(self) -> Sequence[str]:
        ours = [each for each in self.asked if each.meta.subject in self._ground.claimed]
        assert all(isinstance(each.command, OpenAccount) for each in ours)
        return [each.meta.subject for each in ours]

    def ids(self) -> dict[str, set[str]]:
        """Give the ids under which each account was asked to be opened."""
        return {
            subject: {each.meta.id for each in self.asked if each.meta.subject == subject} for subject in self.opened()
        }


async def test_each_fact_leads_to_its_command_once(ground: Ground, asker: Asker) -> None:
    async with Commands(ground) as commands, ground.policed(asking(asker)) as policing:
        await ground.claim(10)
        await until(commands.all_there)
        await ground.claim(10)
        await until(commands.all_there)
        await until(ground.all_committed)
        assert Counter(commands.opened()) == Counter(ground.claimed)
        assert policing.waits_for is None


async def test_whoever_comes_later_goes_on_along_the_chain(ground: Ground) -> None:
    first, second = Seen(), Seen()
    await ground.claim(4)
    async with ground.policed(first.see_to):
        await until(ground.all_committed)
    earlier = list(ground.claimed)
    await ground.claim(4)
    async with ground.policed(second.see_to):
        await until(ground.all_committed)
    assert sorted(first.accounts) == sorted(earlier)
    assert sorted(second.accounts) == sorted(ground.claimed[4:])


async def test_killed_between_asking_and_committing_it_asks_again_by_the_same_id(ground: Ground, asker: Asker) -> None:
    killed = asyncio.Event()

    async def ask_and_be_killed(recorded: Recorded) -> None:
        await asking(asker)(recorded)
        killed.set()
        await asyncio.Event().wait()

    await ground.claim(6)
    async with Commands(ground) as commands:
        async with ground.policed(ask_and_be_killed):
            await killed.wait()
        # The void record before the claim needs nothing.
        assert max(await ground.committed()) <= 1
        async with ground.policed(asking(asker)):
            await until(ground.all_committed)

        async def asked_again() -> bool:
            return await commands.all_there() and len(commands.opened()) > len(ground.claimed)

        await until(asked_again)
        assert all(len(ids) == 1 for ids in commands.ids().values())


async def test_two_share_the_journals_and_one_takes_over_from_the_other(ground: Ground) -> None:
    one, other = Seen(), Seen()

    async def both_have(count: int) -> bool:
        await ground.claim(2)
        return len(set(one.accounts)) >= count and len(set(other.accounts)) >= count

    async with ground.policed(one.see_to):
        async with ground.policed(other.see_to):
            await until(partial(both_have, 3), 60)
        await ground.claim(6)
        await until(ground.all_committed, 60)
    assert {*one.accounts, *other.accounts} == set(ground.claimed)


async def test_who_hears_is_told_every_fact_that_counts_in_order_and_forgets_when_journals_change_hands(
    ground: Ground,
) -> None:
    await ground.claim(10)
    seen, heard = Seen(), Heard()

    async def forgotten() -> bool:
        return not heard.all_of(ground)

    async with ground.policed(seen.see_to, hearing=heard):
        await until(partial(seen.all_of, ground))
        assert heard.all_of(ground)
        assert heard.beats > 0
        async with ground.policed(Seen().see_to):
            await until(forgotten)


async def test_who_hears_believes_nothing_while_a_journal_waits(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeing, "MOST", 2)
    await ground.claim(10)
    heard, go_on = Heard(), asyncio.Event()

    async def see_to(_: Recorded) -> None:
        await go_on.wait()

    async def paused() -> bool:
        return heard.beats > 5

    async with ground.policed(see_to, hearing=heard):
        await until(paused)
        assert heard.facts == {}
        go_on.set()
        await until(ground.all_committed)


async def test_what_cannot_be_done_is_tried_again_and_nothing_passed_over(ground: Ground) -> None:
    seen, failing = Seen(), 3

    async def see_to(recorded: Recorded) -> None:
        nonlocal failing
        if len(seen.accounts) == 2 and failing:
            failing -= 1
            raise NotNow("The post office is closed.")
        await seen.see_to(recorded)

    await ground.claim(6)
    async with ground.policed(see_to) as policing:
        await until(ground.all_committed)
        assert policing.waits_for is None
    assert sorted(seen.accounts) == sorted(ground.claimed)
    assert ground.metric("annal_policing_failures_total") >= 1


async def test_it_says_what_it_waits_for_and_commits_nothing_beyond(ground: Ground) -> None:
    async def see_to(_: Recorded) -> None:
        raise NotNow("The post office is closed.")

    await ground.claim(2)
    async with ground.policed(see_to) as policing:

        async def waits() -> bool:
            return policing.waits_for == "The post office is closed."

        await until(waits)
        await asyncio.sleep(1.5)
        assert await waits()
        # The void record before the claim needs nothing.
        assert await ground.committed() == [1, 1]


async def test_what_takes_long_in_one_journal_keeps_no_other_from_going_on(ground: Ground) -> None:
    seen = Seen()

    async def see_to(recorded: Recorded) -> None:
        assert isinstance(recorded.fact, AddressClaimed)
        if recorded.fact.account_id == ground.claimed[0]:
            await asyncio.Event().wait()
        await seen.see_to(recorded)

    await ground.claim(MOST)
    async with ground.policed(see_to):
        await until(ground.all_committed_of(1))
        await ground.claim(2)
        await until(ground.all_committed_of(1))
        assert (await ground.committed())[0] == 1
    assert sorted(seen.accounts) == sorted(ground.claimed[1::2])


async def test_subjects_of_one_journal_are_seen_to_at_once_and_each_in_its_order(ground: Ground) -> None:
    journal, seen, held = ground.journals[0], Seen(), asyncio.Event()

    async def see_to(recorded: Recorded) -> None:
        if recorded.meta.subject == "slow":
            await held.wait()
        await seen.see_to(recorded)

    async def all_others() -> bool:
        return len(seen.accounts) == 6

    for n in range(3):
        for subject in ("slow", "quick", "quicker"):
            journal.tell(subject, AddressClaimed(account_id=f"{subject} {n}", claimed=FIRST_MOMENT, opening=OPENING))
    await ground.append()
    async with ground.policed(see_to, at_once=2):
        await until(all_others)
        assert (await ground.committed())[0] == 0
        held.set()
        await until(ground.all_committed_of(0))
    for subject in ("slow", "quick", "quicker"):
        assert [each for each in seen.accounts if each.split()[0] == subject] == [f"{subject} {n}" for n in range(3)]


async def test_what_is_at_hand_when_journals_change_hands_is_done_once(ground: Ground) -> None:
    seen, begun = Seen(), asyncio.Event()

    async def see_to(recorded: Recorded) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await seen.see_to(recorded)

    await ground.claim(8)
    async with ground.policed(see_to):
        await begun.wait()
        async with ground.policed(see_to):
            await until(ground.all_committed, 60)
    assert sorted(seen.accounts) == sorted(ground.claimed)


async def test_a_bug_is_waited_out_too(ground: Ground) -> None:
    seen, bugs = Seen(), [ZeroDivisionError("division by zero")]

    async def see_to(recorded: Recorded) -> None:
        if bugs:
            raise bugs.pop()
        await seen.see_to(recorded)

    await ground.claim(2)
    async with ground.policed(see_to):
        await until(ground.all_committed)
    assert sorted(seen.accounts) == sorted(ground.claimed)


async def test_what_counts_and_cannot_be_read_is_passed_over_loudly(ground: Ground) -> None:
    seen = Seen()
    await ground.claim(2)
    ground.journals[0].append(b"a", b"rubbish")
    await ground.append()
    await ground.claim(2)
    async with ground.policed(seen.see_to):
        await until(ground.all_committed)
    assert sorted(seen.accounts) == sorted(ground.claimed)
    assert ground.metric("annal_policing_unreadable_total") == 1


async def test_it_stops_within_seconds_while_kafka_is_away() -> None:
    connection = {"bootstrap_servers": "127.0.0.1:1"}
    policing = Policing(connection, "nowhere", FOLLOWED, Seen().see_to)
    await policing.start()

    async def waits() -> bool:
        return "Connection" in (policing.waits_for or "")

    await until(waits)
    async with asyncio.timeout(5):
        await policing.stop()
