"""Since a moment: every fact of then or later is heard once, and none that is older, wherever the listener is cut."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams

from projections.listening.asked import asked, beginning
from projections.listening.audience import Audience
from projections.listening.listener import Gone
from projections.listening.programme import Chunk
from projections.listening.sight import sight
from projections.reading import Place, Record
from projections.resource import projection
from tests.projections.listening.hearing import AUDITOR, Heard, Paper, audience, listener
from tests.projections.telling import FIRST_MOMENT, Journal, registered, stretches

MOMENT = FIRST_MOMENT + 30
SINCE = f"since={datetime.fromtimestamp(MOMENT / 1000, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def journal(partition: int, *times: int) -> Journal:
    """Give a journal of facts of so many milliseconds after the first moment; behind every fifth is a void record."""
    told = Journal(partition=partition)
    for n, time in enumerate(times):
        told.commands = time
        told.tell(f"r{partition}", registered(f"At {time}"))
        if n % 5 == 4:
            told.append(b"r", told.records[0].value, prev=bytes(32))
    return told


JOURNALS = (
    journal(0, *range(20, 40)),  # from before the moment to after it
    journal(1, *range(9)),  # of which nothing is told
    journal(2, *range(30, 35)),  # begins at the moment, so before it there is no place to begin after
    journal(3, *range(10, 29), 31, 29, 30, 33),  # as after a broker whose clock was ahead
)
WANTED = sorted(
    told.position
    for each in JOURNALS
    for stretch in stretches(projection, each)
    for told in stretch.facts
    if told.recorded is not None and told.recorded.meta.time >= MOMENT
)


def paper() -> Paper:
    there: dict[Place, list[Record]] = {each.place: list(each.records) for each in JOURNALS}
    return Paper({place: there.get(place, []) for place in (Place("resource", number) for number in range(8))})


@dataclass
class Cut(Heard):
    """Is cut once it has heard so many facts; `last` is the id of the last event that came."""

    facts_left: int = 0
    last: str = ""

    async def take(self, chunk: Chunk) -> None:
        for event in chunk.events:
            await super().take(Chunk((event,), chunk.after, facts=1))
            self.last = self.events[-1]["id"]
            if len(self.facts) >= self.facts_left:
                raise ConnectionResetError


async def hear(there: Audience, facts: int, last: str = "") -> Cut:
    """Listen since the moment, as a browser does that connects again, until so many facts were heard."""
    wanted = asked(QueryParams(f"domain=resource&{SINCE}"), last or None, sight(AUDITOR))
    position, since = await beginning(wanted, there.source, there.ways)
    heard = Cut(facts_left=facts)
    with there.seat("ada"), pytest.raises(Gone):
        await listener(there, wanted.filter, position, heard, since=since).listen()
    return heard


@pytest.mark.parametrize("in_ring", [True, False])
@pytest.mark.parametrize("cut", range(len(WANTED)))
async def test_who_is_cut_anywhere_hears_the_rest_and_nothing_older(cut: int, *, in_ring: bool) -> None:
    journals = paper()
    there = audience(journals)
    if in_ring:  # as all of it comes while the audience reads
        journals.shown = dict.fromkeys(journals.journals, 0)
    await there.open()
    journals.shown = {}
    before = await hear(there, cut)
    after = await hear(there, len(WANTED) - cut, before.last)
    await there.stop()
    assert len(before.facts) == cut
    assert sorted(before.positions + after.positions) == WANTED


async def test_who_was_told_nothing_yet_begins_no_earlier_than_at_first() -> None:
    journals = paper()
    wanted = asked(QueryParams(f"domain=resource&{SINCE}"), None, sight(AUDITOR))
    first, _ = await beginning(wanted, journals, journals)
    for last in ("beginning", "resource:2:1"):
        again = asked(QueryParams(f"domain=resource&{SINCE}"), last, sight(AUDITOR))
        position, since = await beginning(again, journals, journals)
        assert since == MOMENT
        assert position == {**first, Place("resource", 2): 1 if last != "beginning" else -1}


async def test_a_position_is_told_from_by_the_id_alone() -> None:
    journals = paper()
    query = QueryParams("domain=resource&since=resource:0:3")
    position, since = await beginning(asked(query, "resource:0:5,resource:2:0", sight(AUDITOR)), journals, journals)
    assert (position[Place("resource", 0)], position[Place("resource", 2)], since) == (5, 0, 0)
