"""What is recorded of failed sign-ins."""

from schemas.login import LoginFailed, RecordFailure, Why
from tests.given import given

ONCE, AGAIN = "0192f0c1-2d3e-4000-8000-000000000001", "0192f0c1-2d3e-4000-8000-000000000002"

failed = LoginFailed(attempt=ONCE, why="password", failures=1)


def record(attempt: str, why: Why = "password") -> RecordFailure:
    return RecordFailure(tried="account", attempt=attempt, why=why)


def test_a_failure_is_recorded_with_its_reason() -> None:
    given().when(record(ONCE)).then(failed)


def test_failures_are_counted() -> None:
    given(failed).when(record(AGAIN, "code")).then(LoginFailed(attempt=AGAIN, why="code", failures=2))


def test_an_attempt_is_counted_once() -> None:
    given(failed).when(record(ONCE)).quiet()


def test_an_attempt_failed_for_one_reason() -> None:
    given(failed).when(record(ONCE, "code")).quiet()
