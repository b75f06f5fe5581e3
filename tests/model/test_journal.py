"""The journal protocol holds whatever happens, and each protection is there for a reason that the model can show."""

import pytest

from tests.model.__main__ import main, without
from tests.model.explore import Search, explore
from tests.model.journal import Journal
from tests.model.log import truth
from tests.model.rules import NEW, OLD, Property, Protection

BOTH = {
    Protection.WHOLE: Property.ONCE,
    Protection.READER: Property.READERS,
    Protection.FOLDER: Property.REPLIES,
    Protection.FOLD: Property.ONCE,
    Protection.SEEK: Property.SEQUENTIAL,
    Protection.AGAIN: Property.PROGRESS,
    Protection.SINGLE: Property.REPLIES,
    Protection.STATE: Property.REPLIES,
    Protection.REPLY: Property.REPLIES,
    Protection.SEEN: Property.REPEATS,
}
"""Needed though every worker decides alike."""

TWO = {Protection.COUNT: Property.ONCE, Protection.COMPARE: Property.REPLIES}
"""Needed once two workers may decide differently: in a rolling upgrade."""

NEITHER = (Protection.END, Protection.IDEMPOTENT)
"""They save void records and no more."""


@pytest.fixture(scope="module")
def sound() -> Search:
    search = Search(Journal(releases=(OLD, NEW)))
    assert search.run() is None
    return search


@pytest.mark.parametrize("mishaps", [0, 1, 2])
def test_one_release_holds(mishaps: int) -> None:
    model = Journal(mishaps=mishaps)
    found = explore(model)
    assert found.broken is None
    assert found.longest < model.longest


def test_two_releases_hold(sound: Search) -> None:
    assert sound.stuck() is None


@pytest.mark.parametrize(("protection", "broken"), BOTH.items(), ids=lambda case: case.name)
def test_needed_in_any_case(protection: Protection, broken: Property) -> None:
    assert without(protection, releases="one release").broken is broken


@pytest.mark.parametrize(("protection", "broken"), TWO.items(), ids=lambda case: case.name)
def test_needed_once_two_releases_decide(protection: Protection, broken: Property) -> None:
    assert without(protection, releases="two releases").broken is broken


def test_workers_that_decide_alike_repeat_each_other_byte_for_byte() -> None:
    assert without(*TWO, *NEITHER, releases="one release").broken is None


def test_a_short_fold_and_a_producer_that_repeats_only_cost_void_records() -> None:
    assert without(*NEITHER, releases="two releases").broken is None


def test_every_protection_is_tried() -> None:
    assert {*BOTH, *TWO, *NEITHER} == set(Protection)


def test_the_search_meets_what_the_protocol_is_for(sound: Search) -> None:
    met = set()
    for number, step in filter(None, sound.came):
        before, after = sound.states[number].log, step.after.log
        added, counting = len(after) - len(before), len(truth(after)) - len(truth(before))
        met.add(("late" if step.who is None else "waited for", counting, added - counting))
    for when in ("late", "waited for"):
        assert {(when, 1, 0), (when, 2, 0), (when, 3, 0)} <= met, "appends that count"
        assert {(when, 0, 1), (when, 0, 2), (when, 0, 3)} <= met, "appends that are void"
        assert (when, 1, 2) in met, "an append of which only the end counts"


def test_a_way_to_a_broken_property_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    main(["REPLY"])
    told = capsys.readouterr().out
    assert "a reply tells what counts" in told
    assert "A (new)" in told
