"""A range of turns is one of moments or of positions, as `annal replay` has it, and both ends are part of it."""

from typing import Any

import pytest

from infra.agent.span import may_be_within, span, within
from infra.settings import Unusable


def turn(said: str, position: str) -> dict[str, Any]:
    return {"said_time": f"2026-11-27T{said}:00.000000Z", "position": position}


NINE, TEN = turn("09:00", "conversation:3:57"), turn("10:00", "conversation:3:80")


def test_without_bounds_every_turn_is_within() -> None:
    assert within(span(None, None), NINE)


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-11-27T09:00:00Z", "2026-11-27T10:00:00Z", [True, True]),
        ("2026-11-27T09:00:01Z", None, [False, True]),
        (None, "2026-11-27T10:59:00+01:00", [True, False]),
        ("conversation:3:57", "conversation:3:80", [True, True]),
        ("conversation:3:58", None, [False, True]),
        (None, "conversation:3:79", [True, False]),
        ("conversation:4:1", None, [False, False]),
        ("conversation:3:58,conversation:4:1", None, [False, True]),
        ("conversation:3:57", "2026-11-27T09:30:00Z", [True, False]),
    ],
)
def test_both_ends_are_part_of_a_range(since: str | None, until: str | None, found: list[bool]) -> None:
    wanted = span(since, until)
    assert [within(wanted, NINE), within(wanted, TEN)] == found


def test_a_conversation_that_has_no_such_turn_is_not_read() -> None:
    row = {
        "opened_time": "2026-11-27T09:00:00.000000Z",
        "updated_time": "2026-11-27T10:00:00.000000Z",
        "position": "conversation:3:80",
    }
    assert may_be_within(span("2026-11-27T09:59:00Z", None), row)
    assert not may_be_within(span("2026-11-27T10:00:01Z", None), row)
    assert not may_be_within(span(None, "2026-11-27T08:59:59Z"), row)
    assert may_be_within(span(None, "conversation:3:10"), row)
    assert not may_be_within(span("conversation:3:81", None), row)
    assert not may_be_within(span("conversation:2:1", None), row)


def test_positions_of_others_and_moments_without_a_zone_are_told() -> None:
    with pytest.raises(Unusable, match=r"resource:3 holds no conversation: write positions as conversation:3:57"):
        span("resource:3:57", None)
    with pytest.raises(Unusable, match="says nothing of its zone"):
        span("2026-11-27T09:00:00", None)
