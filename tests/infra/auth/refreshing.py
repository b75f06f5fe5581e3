"""A session that is refreshed by a client over a bad network, or by a thief: what must hold whatever happens.

What is expected is told from outside: from the tokens that were given out, in order, and when each was first shown.
"""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from commands import session
from commands.decider import Asking, Decider, Refused, step
from commands.session import REPLACED_KEPT
from infra.auth.refresh import RefreshTokens
from schemas.message import Actor, Fact
from schemas.session import (
    GRACE_MS,
    LATE_REPEATS,
    OpenSession,
    RefreshSession,
    RevokeSession,
    SessionCommand,
    SessionEnded,
    SessionRefreshed,
)

SESSION = "0192f0c1-2d3e-7000-8000-000000000002"
HOUR_MS = 3_600_000

waits = st.sampled_from((1, GRACE_MS // 2, GRACE_MS - 1, GRACE_MS, HOUR_MS, 12 * HOUR_MS))
"""Fifty of these are less than a session lives idle."""


class Doors:
    """A session, and the doors at which its tokens are shown. `now` is in milliseconds since 1970 UTC.

    `chain` holds the tokens given out, in the order in which they first were; `shown` when each was shown first.
    """

    def __init__(self, decider: Decider[Any], tokens: RefreshTokens) -> None:
        self.now = 1_800_000_000_000
        self.ended = False
        self.tokens = tokens
        first = tokens.first(SESSION)
        self.chain = [first]
        self.shown: dict[str, int] = {}
        self._decider = decider
        self._state = decider.initial
        opening = OpenSession(
            session_id=SESSION, account_id="alice", generation=0, methods=("password",), refresh=tokens.digest(first)
        )
        self._ask(opening)

    def show(self, token: str) -> str | None:
        """Give what the door answers: the next token, or None for who has to sign in again."""
        successor = self.tokens.following(token)
        try:
            facts = self._ask(self._refresh(token, successor))
        except Refused:
            return None
        if any(isinstance(fact, SessionEnded) for fact in facts):
            self.ended = True
            return None
        self.shown.setdefault(token, self.now)
        if successor not in self.chain:
            self.chain.append(successor)
        return successor

    def revoke(self) -> None:
        self._ask(RevokeSession(session_id=SESSION))
        self.ended = True

    def makes_a_step(self, token: str) -> bool:
        """Say whether this token would be worth a step now."""
        command = self._refresh(token, self.tokens.following(token))
        try:
            facts = self._decider.decide(self._state, command, self._asking())
        except Refused:
            return False
        return any(isinstance(fact, SessionRefreshed) for fact in facts)

    def _refresh(self, token: str, successor: str) -> RefreshSession:
        read = self.tokens.read(token)
        assert read is not None
        return RefreshSession(session_id=read.session_id, shown=read.digest, following=self.tokens.digest(successor))

    def _ask(self, command: SessionCommand) -> list[Fact]:
        self._state, facts = step(self._decider, self._state, command, self._asking())
        return facts

    def _asking(self) -> Asking:
        return Asking(Actor(id="alice"), self.now)


class Refreshing(RuleBasedStateMachine):
    """Tokens are shown, and time passes."""

    decider: ClassVar[Decider[Any]] = session.decider
    tokens: ClassVar[RefreshTokens] = RefreshTokens(b"k" * 32)

    def __init__(self) -> None:
        super().__init__()
        self.doors = Doors(self.decider, self.tokens)
        self.late: set[int] = set()

    def show(self, token: str) -> str | None:
        """Show a token, and see that it is worth what it should be."""
        place, worth = self.doors.chain.index(token), self.worth(token)
        if worth and self.is_late(token):
            self.late.add(place)
        answer = self.doors.show(token)
        if worth:
            assert answer is not None, "an honest client has to sign in again"
            assert answer == self.doors.chain[place + 1], "a token has two successors"
        else:
            assert answer is None, "a token that should be worth nothing was worth something"
            assert self.doors.ended, "a session goes on although its tokens are in two hands"
        return answer

    def worth(self, token: str) -> bool:
        """Say whether a token should be worth something: the newest, one just replaced, the one before a few times."""
        chain, place = self.doors.chain, self.doors.chain.index(token)
        behind = len(chain) - 1 - place
        if self.doors.ended:
            return False
        if not self.is_late(token):
            return behind <= REPLACED_KEPT
        row = {place - n for n in range(1, LATE_REPEATS)}
        return behind == 1 and (place in self.late or not row <= self.late)

    def is_late(self, token: str) -> bool:
        return self.doors.now - self.doors.shown.get(token, self.doors.now) >= GRACE_MS

    @rule(by=waits)
    def wait(self, by: int) -> None:
        self.doors.now += by

    @invariant()
    def one_token_at_most_goes_on(self) -> None:
        going_on = [token for token in self.doors.chain if self.doors.makes_a_step(token)]
        expected = [] if self.doors.ended else self.doors.chain[-1:]
        assert going_on == expected, "another token goes on than the newest of a session that is open"


class Client(Refreshing):
    """A client alone, over a network that loses, delays, repeats and reorders requests and answers.

    It holds one token, and takes an answer only for the one that it holds. It may ask several times at once. What it
    gave up arrives, if at all, while that is worth something yet: within the grace, or one step behind. Its answers are
    not lost for longer than the grace in three steps in a row: that cannot be told from a thief.
    """

    requests: Bundle[str] = Bundle("requests")
    answers: Bundle[tuple[str, str]] = Bundle("answers")

    def __init__(self) -> None:
        super().__init__()
        self.held = self.doors.chain[0]

    @rule(target=requests)
    def ask(self) -> str:
        return self.held

    @rule(target=answers, token=requests)
    def deliver(self, token: str) -> tuple[str, str]:
        if not self.worth(token):
            return "", ""
        answer = self.show(token)
        assert answer is not None
        return token, answer

    @rule(answer=answers)
    def take(self, answer: tuple[str, str]) -> None:
        if answer[0] == self.held:
            self.held = answer[1]

    @rule()
    def refresh(self) -> None:
        self.take(self.deliver(self.held))

    @invariant()
    def the_client_is_one_step_behind_at_most(self) -> None:
        assert self.held in self.doors.chain[-2:]
        assert not self.doors.ended


class Thief(Refreshing):
    """Whoever has one of the tokens that were ever given out shows it, or the account ends the session."""

    @precondition(lambda self: not self.doors.ended)
    @rule(back=st.integers(0, 3))
    def show_one_of_the_newest(self, back: int) -> None:
        self.show(self.doors.chain[-1 - back :][0])

    @precondition(lambda self: not self.doors.ended)
    @rule(wait=waits)
    def both_refresh(self, wait: int) -> None:
        newest = self.doors.chain[-1]
        for _ in range(2):
            self.wait(wait)
            self.show(newest)

    @rule(place=st.integers(0, 50))
    def show_any(self, place: int) -> None:
        self.show(self.doors.chain[: place + 1][-1])

    @precondition(lambda self: len(self.doors.chain) > 5)  # Seldom, or no session would grow old.
    @rule()
    def revoke(self) -> None:
        self.doors.revoke()
