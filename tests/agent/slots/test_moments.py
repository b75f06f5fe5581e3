"""Moments: dates and times."""

import pytest

from agent.slots.moments import read
from tests.agent.slots.talking import NOW, said, seven, values


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-05", "2026-01-05T00:00:00"),
        ("2026-01-05T09:30:00Z", "2026-01-05T09:30:00"),
        ("2026-01-05T09:30:00+02:00", "2026-01-05T07:30:00"),
        ("5 January 2026", "2026-01-05T00:00:00"),
        ("January 5, 2026", "2026-01-05T00:00:00"),
        ("the 5th of January 2026", "2026-01-05T00:00:00"),
        ("Monday", "2026-11-23T00:00:00"),
        ("Friday", "2026-11-27T00:00:00"),
        ("last Monday", "2026-11-23T00:00:00"),
        ("3 days ago", "2026-11-24T09:30:00"),
        ("an hour ago", "2026-11-27T08:30:00"),
        ("the day before yesterday", "2026-11-25T09:30:00"),
    ],
)
def test_a_moment_is_read(text: str, time: str) -> None:
    found = read(text, NOW)
    assert found is not None
    assert found.isoformat() == f"{time}+00:00"


@pytest.mark.parametrize("text", ["", "Rossi", "13th of Octember", "2026-99-99", "0000-00-00T00:00:00"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("show me invoice-7 as of 2026-01-05", "2026-01-05T00:00:00Z"),
        ("show me invoice-7 as of 5 January 2026 at 10:15", "2026-01-05T10:15:00Z"),
        ("what was in invoice-7 yesterday", "2026-11-26T09:30:00Z"),
        ("show me invoice-7 as of resource:6:3", "resource:6:3"),
        ("show me invoice-7", None),
        ("show me it in may", None),
        ("show me it, it is due on 2026-12-01", None),
        ("what was in it on Monday", "2026-11-23T00:00:00Z"),
        ("show me it as of 25/12/2025", "2025-12-25T00:00:00Z"),
    ],
)
def test_it_is_read_as_of_a_moment(text: str, as_of: str | None) -> None:
    assert values("resource.read", text, seven).get("as_of") == as_of


@pytest.mark.parametrize(
    ("text", "since", "to"),
    [
        ("compare version 1 and version 2 of invoice-7", "1", "2"),
        ("diff invoice-7 from version 1 to version 3", "1", "3"),
        ("what changed in invoice-7 since yesterday", "2026-11-26T00:00:00Z", None),
        ("what has changed in invoice-7 between Monday and Wednesday", "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z"),
        ("how does invoice-7 differ from version 2", "2", None),
        ("show me the difference between versions 2 and 5 of invoice-7", "2", "5"),
        ("compare invoice-7 with what it was on 2026-11-01", None, None),
        ("compare invoice-7 with version 2", "2", None),
        ("compare invoice-7 as of Monday with now", "2026-11-23T00:00:00Z", "2026-11-27T09:30:00Z"),
    ],
)
def test_two_moments_are_compared(text: str, since: str, to: str | None) -> None:
    found = values("resource.diff", text)
    assert (found.get("from"), found.get("to"), found["resource_id"]) == (since, to, "invoice-7")


def test_a_date_that_may_be_two_is_ambiguous() -> None:
    filled = said("resource.read", "show me invoice-7 as of 5/1/2026")
    assert filled.ambiguous == {"as_of": ("2026-05-01", "2026-01-05")}


def test_a_span_of_time_is_found() -> None:
    found = values("audit.list", "list the commands since 2026-11-01 until 2026-11-05")
    assert (found["since"], found["until"]) == ("2026-11-01T00:00:00Z", "2026-11-05T00:00:00Z")
