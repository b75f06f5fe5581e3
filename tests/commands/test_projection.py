"""What is put on record of a projection's repair."""

import pytest
from pydantic import ValidationError

from schemas.projection import (
    BuildDropped,
    DropBuild,
    FactSkipped,
    ProjectionRolledBack,
    ProjectionSwitched,
    RollBackProjection,
    SkipFact,
    SwitchProjection,
)
from tests.given import given

SAID = {"operator": "ada", "reason": "tags were lost"}
ABOUT = {"projection": "resource", **SAID}

to_second = SwitchProjection(build="second", **ABOUT)
back_to_first = RollBackProjection(build="first", **ABOUT)
drop_second = DropBuild(build="second", **ABOUT)
skip = SkipFact(position="resource:3:17", **ABOUT)

switched = ProjectionSwitched(build="second", former="", **SAID)
rolled_back = ProjectionRolledBack(build="first", former="second", **SAID)
dropped = BuildDropped(build="second", **SAID)
skipped = FactSkipped(position="resource:3:17", **SAID)


def test_a_projection_is_switched() -> None:
    given().when(to_second).then(switched)


def test_what_is_live_already_is_switched_to_once() -> None:
    given(switched).when(to_second).quiet()


def test_a_projection_is_rolled_back() -> None:
    given(switched).when(back_to_first).then(rolled_back)


def test_what_was_rolled_back_is_not_rolled_back_again() -> None:
    given(switched, rolled_back).when(back_to_first).quiet()


def test_after_a_rollback_the_same_build_may_be_switched_to_again() -> None:
    again = ProjectionSwitched(build="second", former="first", **SAID)
    given(switched, rolled_back).when(to_second).then(again)


def test_a_build_is_dropped_once() -> None:
    given().when(drop_second).then(dropped)
    given(dropped).when(drop_second).quiet()


def test_a_fact_is_skipped_once_for_each_build() -> None:
    first, second = (SkipFact(position="resource:3:17", build=build, **ABOUT) for build in ("first", "second"))
    of_first, of_second = (FactSkipped(position="resource:3:17", build=build, **SAID) for build in ("first", "second"))
    given().when(first).then(of_first)
    given(of_first).when(first).quiet()
    given(skipped, of_first).when(second).then(of_second)


def test_a_build_that_was_to_be_live_and_never_was_may_be_dropped() -> None:
    given(switched).when(drop_second).then(dropped)
    given(switched, dropped).when(to_second).then(switched)


def test_a_fact_is_skipped_once() -> None:
    given().when(skip).then(skipped)
    given(skipped).when(skip).quiet()
    given(skipped).when(skip.model_copy(update={"position": "resource:3:18"})).then(
        FactSkipped(position="resource:3:18", **SAID)
    )


@pytest.mark.parametrize("reason", ["", " ", "\n", "a\0b"])
def test_a_fact_is_not_skipped_without_a_reason(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        SkipFact(projection="resource", position="resource:3:17", operator="ada", reason=reason)


@pytest.mark.parametrize("position", ["", "resource", "resource:3", "resource:3:x", "Resource:3:1", "resource:3:-1"])
def test_a_fact_is_skipped_by_its_position(position: str) -> None:
    with pytest.raises(ValidationError, match="position"):
        SkipFact(projection="resource", position=position, operator="ada", reason="it is broken")
