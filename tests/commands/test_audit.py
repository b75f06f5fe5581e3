"""What is recorded of auditors' readings."""

from schemas.audit import NoteReading, ReadingNoted
from tests.given import given

ONCE, AGAIN = "0192f0c1-2d3e-4000-8000-000000000001", "0192f0c1-2d3e-4000-8000-000000000002"


def note(reading: str) -> NoteReading:
    return NoteReading(account_id="auditor", reading=reading, path="/v1/audit", asked={"actor": ["alice"]})


def noted(reading: str) -> ReadingNoted:
    return ReadingNoted(reading=reading, path="/v1/audit", asked={"actor": ["alice"]})


def test_a_reading_is_noted_with_what_was_looked_for() -> None:
    given().when(note(ONCE)).then(noted(ONCE))


def test_the_same_again_is_another_reading() -> None:
    given(noted(ONCE)).when(note(AGAIN)).then(noted(AGAIN))


def test_a_reading_is_noted_once() -> None:
    given(noted(ONCE)).when(note(ONCE)).quiet()
