"""A session goes on with any token that it ever gave out, and not with the newest alone."""

from commands import session
from commands.session import Session
from schemas.session import RefreshSession, SessionFact, SessionRefreshed

_repeat = session._repeat


def repeat(state: Session, command: RefreshSession, time: int) -> list[SessionFact]:
    if command.shown in (replaced.digest for replaced in state.replaced):
        return [SessionRefreshed(refresh=command.following, step=state.step + 1, refreshed=time)]
    return _repeat(state, command, time)


PATCHES = ((session, "_repeat", repeat),)
