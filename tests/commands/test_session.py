"""What may be done with a session, and what its tokens are worth."""

from typing import Any

import pytest

from schemas.message import Fact
from schemas.session import (
    GRACE_MS,
    IDLE_MS,
    LONGEST_MS,
    OpenSession,
    Reason,
    RefreshSession,
    RevokeSession,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    SessionRepeated,
)
from tests.given import given

NOW = 1_800_000_000_000
LATE = NOW + GRACE_MS
TOKENS = tuple(f"{n:064x}" for n in range(20))

opened = SessionOpened(
    account_id="alice", generation=3, methods=("password", "totp"), refresh=TOKENS[0], opened=NOW, device="c2VhbGVk"
)
revoke = RevokeSession(session_id="session")


def open_(**otherwise: Any) -> OpenSession:
    fields = {"account_id": "alice", "generation": 3, "methods": ("password", "totp"), "refresh": TOKENS[0]}
    return OpenSession(session_id="session", **{**fields, "device": "c2VhbGVk", **otherwise})


def show(token: int, following: int | None = None) -> RefreshSession:
    """Show the token of this number; doors know which one follows."""
    following = token + 1 if following is None else following
    return RefreshSession(session_id="session", shown=TOKENS[token], following=TOKENS[following])


def refreshed(step: int, at: int = NOW) -> SessionRefreshed:
    return SessionRefreshed(refresh=TOKENS[step], step=step, refreshed=at)


def repeated(step: int, late: int) -> SessionRepeated:
    return SessionRepeated(step=step, late=late)


def ended(reason: Reason) -> SessionEnded:
    return SessionEnded(account_id="alice", reason=reason)


def ends(reason: Reason, facts: tuple[Fact, ...], shown: RefreshSession, at: int) -> None:
    """Say that the session ends when this is shown, and that the same is refused from then on."""
    _, decided = given(*facts).when(shown, at=at).decided()
    assert decided == [ended(reason)]
    given(*facts, *decided).when(shown, at=at).refused("session_ended")


# ── open ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_opened() -> None:
    given().when(open_(), at=NOW).then(opened)


def test_a_session_is_opened_once() -> None:
    given(opened).when(open_(), at=LATE).quiet()
    given(opened, refreshed(1)).when(open_(), at=LATE).quiet()


@pytest.mark.parametrize("otherwise", [{"account_id": "bob"}, {"generation": 4}, {"refresh": TOKENS[1]}])
def test_an_id_is_one_session(otherwise: dict[str, Any]) -> None:
    given(opened).when(open_(**otherwise)).refused("session_exists")


def test_a_session_that_ended_is_not_opened_again() -> None:
    given(opened, ended("revoked")).when(open_()).refused("session_exists")


# ── refresh ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_newest_token_is_worth_a_step() -> None:
    given(opened).when(show(0), at=LATE).then(refreshed(1, LATE))
    given(opened, refreshed(1)).when(show(1), at=LATE).then(refreshed(2, LATE))


@pytest.mark.parametrize("shown", [0, 1])
def test_tokens_just_replaced_are_forgiven(shown: int) -> None:
    given(opened, refreshed(1), refreshed(2)).when(show(shown), at=LATE - 1).quiet()


def test_each_token_has_a_grace_of_its_own() -> None:
    steps = opened, refreshed(1, NOW), refreshed(2, NOW + 9_000), refreshed(3, NOW + 9_500)
    given(*steps).when(show(1), at=NOW + 18_999).quiet()
    ends("reused", steps, show(1), at=NOW + 19_000)
    ends("reused", steps, show(0), at=LATE)


def test_one_step_behind_is_forgiven_however_late_and_recorded_once() -> None:
    steps = opened, refreshed(1)
    given(*steps).when(show(0), at=LATE).then(repeated(1, late=1))
    given(*steps).when(show(0), at=NOW + IDLE_MS - 1).then(repeated(1, late=1))
    given(*steps, repeated(1, late=1)).when(show(0), at=LATE + 1).quiet()


def test_two_steps_behind_after_the_grace_ends_the_session() -> None:
    ends("reused", (opened, refreshed(1), refreshed(2)), show(0), at=LATE)


def test_a_token_that_the_session_never_took_ends_it() -> None:
    ends("reused", (opened,), show(7), at=NOW)
    ends("reused", (opened, refreshed(1)), show(2), at=NOW)


def test_a_repeat_with_another_successor_is_of_another_chain_and_ends_the_session() -> None:
    ends("reused", (opened, refreshed(1)), show(0, following=9), at=NOW)
    ends("reused", (opened, refreshed(1)), show(0, following=9), at=LATE)
    ends("reused", (opened, refreshed(1), refreshed(2)), show(0, following=2), at=NOW)


def test_late_repeats_in_three_steps_in_a_row_end_the_session() -> None:
    once = opened, refreshed(1), repeated(1, late=1)
    twice = *once, refreshed(2), repeated(2, late=2)
    given(*once, refreshed(2)).when(show(1), at=LATE).then(repeated(2, late=2))
    ends("shared", (*twice, refreshed(3)), show(2), at=LATE)


def test_a_step_without_a_late_repeat_begins_the_count_anew() -> None:
    twice = opened, refreshed(1), repeated(1, late=1), refreshed(2), repeated(2, late=2)
    given(*twice, refreshed(3), refreshed(4)).when(show(3), at=LATE).then(repeated(4, late=1))


def test_repeats_within_the_grace_do_not_count() -> None:
    twice = opened, refreshed(1), repeated(1, late=1), refreshed(2), repeated(2, late=2), refreshed(3)
    given(*twice).when(show(2), at=LATE - 1).quiet()


def test_ten_replaced_tokens_are_known() -> None:
    steps = opened, *(refreshed(step) for step in range(1, 12))
    given(*steps).when(show(1), at=NOW).quiet()
    ends("reused", steps, show(0), at=NOW)


def test_a_clock_set_back_forgives() -> None:
    given(opened, refreshed(1, LATE)).when(show(0), at=NOW).quiet()


def test_a_session_that_nobody_refreshed_for_long_has_expired() -> None:
    given(opened).when(show(0), at=NOW + IDLE_MS - 1).then(refreshed(1, NOW + IDLE_MS - 1))
    ends("expired", (opened,), show(0), at=NOW + IDLE_MS)
    ends("expired", (opened, refreshed(1, LATE)), show(1), at=LATE + IDLE_MS)


def test_no_session_lives_longer_than_the_longest() -> None:
    end = NOW + LONGEST_MS
    given(opened, refreshed(1, end - 2)).when(show(1), at=end - 1).then(refreshed(2, end - 1))
    ends("expired", (opened, refreshed(1, end - 1)), show(1), at=end)


def test_an_old_token_of_a_session_that_expired_is_no_theft() -> None:
    ends("expired", (opened, refreshed(1), refreshed(2)), show(0), at=NOW + IDLE_MS)


def test_what_is_not_open_is_not_refreshed() -> None:
    given().when(show(0)).refused("session_ended", "Sign in again.")
    given(opened, ended("revoked")).when(show(0)).refused("session_ended", "Sign in again.")


# ── revoke ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_account_ends_its_session() -> None:
    given(opened, refreshed(1)).when(revoke).then(ended("revoked"))


def test_a_session_ends_once() -> None:
    given(opened, ended("reused")).when(revoke).quiet()


def test_to_others_a_session_is_not_there() -> None:
    given().when(revoke).refused("session_unknown")
    given(opened).when(revoke, by="bob").refused("session_unknown")
    given(opened, ended("revoked")).when(revoke, by="bob").refused("session_unknown")


def test_who_may_end_sessions_of_others_does_it_on_their_behalf() -> None:
    given(opened).when(revoke, by="root").refused("session_unknown")
    given(opened).when(revoke, by="root", behalf="bob").refused("session_unknown")
    given(opened).when(revoke, by="root", behalf="alice").then(SessionEnded(account_id="alice", reason="revoked"))
