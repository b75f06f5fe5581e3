"""The rules of failed sign-ins: each attempt is counted once."""

from msgspec import Struct

from commands.decider import Asking, Decider
from schemas.login import LoginCommand, LoginFact, LoginFailed, RecordFailure


class Login(Struct, frozen=True, gc=False):
    """How often nobody could sign in here, and the attempt that failed last."""

    failures: int = 0
    attempt: str = ""


def decide(login: Login, command: LoginCommand, _: Asking) -> list[LoginFact]:
    match command:
        case RecordFailure():
            if command.attempt == login.attempt:
                return []
            return [LoginFailed(attempt=command.attempt, why=command.why, failures=login.failures + 1)]


def evolve(_: Login, fact: LoginFact) -> Login:
    match fact:
        case LoginFailed():
            return Login(fact.failures, fact.attempt)


decider = Decider(Login(), decide, evolve)
