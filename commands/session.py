"""The rules of sessions: which token is worth a step, which repeats are forgiven, and when a session is over.

Tokens are a chain, in which each has one successor. Whoever shows one that was replaced is given its successor again or
nothing; a step is made with the newest only. So of all tokens that were ever given out one alone goes on.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.session import (
    GRACE_MS,
    IDLE_MS,
    LATE_REPEATS,
    LONGEST_MS,
    OpenSession,
    Reason,
    RefreshSession,
    RevokeSession,
    SessionCommand,
    SessionEnded,
    SessionFact,
    SessionOpened,
    SessionRefreshed,
    SessionRepeated,
)

REPLACED_KEPT = 10
"""How many replaced tokens are known at the most: who makes more steps within the grace is forgiven only these."""


class Replaced(Struct, frozen=True, gc=False):
    """A token that was current, by its digest, and when it was not any more, in milliseconds since 1970 UTC."""

    digest: str
    time: int


class Session(Struct, frozen=True, gc=False):
    """A session, absent at first. Digests and times are of its tokens.

    `replaced` has the token before the current one last. `repeated` says that the current step had a late repeat, and
    `late` counts the steps in a row that had one.
    """

    status: Literal["absent", "open", "ended"] = "absent"
    account: str = ""
    generation: int = 0
    first: str = ""
    opened: int = 0
    current: str = ""
    step: int = 0
    refreshed: int = 0
    replaced: tuple[Replaced, ...] = ()
    repeated: bool = False
    late: int = 0


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(session: Session, command: SessionCommand, asking: Asking) -> list[SessionFact]:
    match command:
        case OpenSession():
            return _open(session, command, asking)
        case RefreshSession():
            return _refresh(session, command, asking.time)
        case RevokeSession():
            return _revoke(session, asking)


def _open(session: Session, command: OpenSession, asking: Asking) -> list[SessionFact]:
    if session.status == "absent":
        return [
            SessionOpened(
                account_id=command.account_id,
                generation=command.generation,
                methods=command.methods,
                refresh=command.refresh,
                opened=asking.time,
                device=command.device,
            )
        ]
    # The first token is by chance: who names it again asks the same.
    begun = (session.account, session.generation, session.first)
    if session.status == "open" and begun == (command.account_id, command.generation, command.refresh):
        return []
    raise Refused("session_exists", "This id is taken; open a session of another random UUID.")


def _refresh(session: Session, command: RefreshSession, time: int) -> list[SessionFact]:
    if session.status != "open":
        raise Refused("session_ended", "Sign in again.")
    if time - session.refreshed >= IDLE_MS or time - session.opened >= LONGEST_MS:
        return _ended(session, "expired")
    if command.shown == session.current:
        return [SessionRefreshed(refresh=command.following, step=session.step + 1, refreshed=time)]
    return _repeat(session, command, time)


def _repeat(session: Session, command: RefreshSession, time: int) -> list[SessionFact]:
    chain = (*(each.digest for each in session.replaced), session.current)
    for shown, successor in zip(session.replaced, chain[1:], strict=True):
        # With another successor this would be a second chain, made with a key that is not ours.
        if (shown.digest, successor) == (command.shown, command.following):
            if time - shown.time < GRACE_MS:
                return []
            if successor == session.current:
                return _late_repeat(session)
    return _ended(session, "reused")


def _late_repeat(session: Session) -> list[SessionFact]:
    if session.repeated:
        return []
    late = session.late + 1
    return _ended(session, "shared") if late >= LATE_REPEATS else [SessionRepeated(step=session.step, late=late)]


def _revoke(session: Session, asking: Asking) -> list[SessionFact]:
    if session.status == "absent" or not asking.by(session.account):
        raise Refused("session_unknown", "You have no such session; take its id from the list of your sessions.")
    return [] if session.status == "ended" else _ended(session, "revoked")


def _ended(session: Session, reason: Reason) -> list[SessionFact]:
    return [SessionEnded(account_id=session.account, reason=reason)]


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(session: Session, fact: SessionFact) -> Session:
    match fact:
        case SessionOpened():
            return Session(
                "open",
                fact.account_id,
                fact.generation,
                first=fact.refresh,
                opened=fact.opened,
                current=fact.refresh,
                refreshed=fact.opened,
            )
        case SessionRefreshed():
            return replace(
                session,
                current=fact.refresh,
                step=fact.step,
                refreshed=fact.refreshed,
                replaced=(*session.replaced[1 - REPLACED_KEPT :], Replaced(session.current, fact.refreshed)),
                repeated=False,
                late=session.late if session.repeated else 0,
            )
        case SessionRepeated():
            return replace(session, repeated=True, late=fact.late)
        case SessionEnded():
            return Session("ended", fact.account_id)


decider = Decider(Session(), decide, evolve)
