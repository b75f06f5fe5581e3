"""No session has two tokens that go on, honest clients stay signed in, thieves do not; and it takes each rule."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from commands import session
from commands.decider import Asking, Decider
from commands.session import Session
from infra.auth.refresh import RefreshTokens
from schemas.session import (
    GRACE_MS,
    LATE_REPEATS,
    RefreshSession,
    SessionCommand,
    SessionEnded,
    SessionFact,
    SessionRefreshed,
    SessionRepeated,
)
from tests.infra.auth.refreshing import HOUR_MS, Client, Doors, Refreshing, Thief

THOROUGHLY = settings(max_examples=60, deadline=None)
UNTIL_FOUND = settings(
    THOROUGHLY,
    max_examples=1000,
    phases=(Phase.generate,),
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

KEY = b"k" * 32


def test_a_client_whose_answers_are_lost_or_late_stays_signed_in() -> None:
    run_state_machine_as_test(Client, settings=THOROUGHLY)


def test_whoever_shows_whatever_one_token_at_most_goes_on() -> None:
    run_state_machine_as_test(Thief, settings=THOROUGHLY)


# ── a thief beside a victim ───────────────────────────────────────────────────────────────────────────────────────────

turns = st.lists(st.tuples(st.booleans(), st.sampled_from((GRACE_MS, HOUR_MS))), min_size=2 * LATE_REPEATS, max_size=40)
"""Who refreshes, the thief or the victim, and how long after the one before."""


def is_found(decider: Decider[Any], taken: list[tuple[bool, int]]) -> bool:
    """Say whether the session has ended once each of both has refreshed as often as late repeats are allowed."""
    doors = Doors(decider, RefreshTokens(KEY))
    held = dict.fromkeys((True, False), doors.chain[0])
    times = dict.fromkeys((True, False), 0)
    for who, wait in taken:
        doors.now += wait
        held[who] = doors.show(held[who]) or held[who]
        times[who] += 1
        if min(times.values()) == LATE_REPEATS:
            return doors.ended
    return True


@given(turns)
def test_a_thief_who_keeps_up_with_the_victim_is_found_within_three_steps(taken: list[tuple[bool, int]]) -> None:
    assert is_found(session.decider, taken)


@pytest.mark.parametrize("first", [True, False])
def test_they_are_found_in_the_third_step_when_they_take_turns(first: bool) -> None:  # noqa: FBT001 - who begins
    doors = Doors(session.decider, RefreshTokens(KEY))
    thief = victim = doors.chain[0]
    for n in range(LATE_REPEATS):
        assert not doors.ended
        for who in (first, not first):
            doors.now += GRACE_MS
            answer = doors.show(thief if who else victim)
            assert answer is not None or (n == LATE_REPEATS - 1 and who != first)
            thief, victim = (answer or thief, victim) if who else (thief, answer or victim)
    assert doors.ended


# ── each rule is needed ───────────────────────────────────────────────────────────────────────────────────────────────

Decide = Callable[[Session, SessionCommand, Asking], list[SessionFact]]


def any_replaced_token_is_forgiven(state: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    facts = session.decide(state, command, asking)
    return [] if any(isinstance(fact, SessionEnded) and fact.reason == "reused" for fact in facts) else facts


def no_replaced_token_is_forgiven(state: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    facts = session.decide(state, command, asking)
    stepped = not isinstance(command, RefreshSession) or any(isinstance(fact, SessionRefreshed) for fact in facts)
    return facts if stepped else [SessionEnded(account_id=state.account, reason="reused")]


def only_the_grace_forgives(state: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    facts = session.decide(state, command, asking)
    late = any(isinstance(fact, SessionRepeated) for fact in facts)
    return [SessionEnded(account_id=state.account, reason="reused")] if late else facts


def a_repeat_makes_a_step(state: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    known = {each.digest for each in state.replaced}
    if isinstance(command, RefreshSession) and command.shown in known:
        return [SessionRefreshed(refresh=command.following, step=state.step + 1, refreshed=asking.time)]
    return session.decide(state, command, asking)


def late_repeats_do_not_count(state: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    facts = session.decide(state, command, asking)
    counted = [
        fact
        for fact in facts
        if isinstance(fact, SessionRepeated) or (isinstance(fact, SessionEnded) and fact.reason == "shared")
    ]
    return [] if counted else facts


def an_end_is_forgotten(state: Session, fact: SessionFact) -> Session:
    return state if isinstance(fact, SessionEnded) else session.evolve(state, fact)


class TokensByChance(RefreshTokens):
    """Tokens whose successor is another one each time."""

    def following(self, token: str) -> str:
        read = self.read(token)
        assert read is not None
        return self.first(read.session_id)


def broken(decide: Decide) -> Decider[Session]:
    return Decider(Session(), decide, session.evolve)


def found(machine: type[Refreshing], decider: Decider[Session], tokens: RefreshTokens, saying: str) -> None:
    broken_machine = type("Broken", (machine,), {"decider": decider, "tokens": tokens})
    with pytest.raises(AssertionError, match=saying):
        run_state_machine_as_test(broken_machine, settings=UNTIL_FOUND)


@pytest.mark.parametrize(
    ("machine", "decider", "saying"),
    [
        (Client, broken(no_replaced_token_is_forgiven), "has to sign in again"),
        (Client, broken(only_the_grace_forgives), "has to sign in again"),
        (Thief, broken(any_replaced_token_is_forgiven), "was worth something"),
        (Thief, broken(late_repeats_do_not_count), "was worth something"),
        (Thief, broken(a_repeat_makes_a_step), "another token goes on"),
        (Thief, Decider(Session(), session.decide, an_end_is_forgotten), "another token goes on"),
    ],
)
def test_a_rule_that_is_broken_is_found(machine: type[Refreshing], decider: Decider[Session], saying: str) -> None:
    found(machine, decider, RefreshTokens(KEY), saying)


@pytest.mark.parametrize(
    ("decider", "saying"),
    [(session.decider, "has to sign in again"), (broken(a_repeat_makes_a_step), "another token goes on")],
)
def test_successors_by_chance_are_found(decider: Decider[Session], saying: str) -> None:
    found(Client, decider, TokensByChance(KEY), saying)


def test_a_thief_is_not_found_where_late_repeats_do_not_count() -> None:
    taking_turns = [(n % 4 in (0, 3), GRACE_MS) for n in range(2 * LATE_REPEATS)]
    assert is_found(session.decider, taking_turns)
    assert not is_found(broken(late_repeats_do_not_count), taking_turns)
