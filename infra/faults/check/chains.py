"""Follows the journals of sessions and accounts: which tokens a session had, one after the other, and how it ended."""

import base64
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Findings
from infra.faults.check.journal import Counted
from schemas.message import Fact
from schemas.session import RefreshSession, SessionEnded, SessionOpened, SessionRefreshed

STEPS = "a session goes on by one token after the other"

PREFIX = "annal_rt_"


@dataclass
class Session:
    """A session as its journal has it: the digests of its tokens in order, and how it ended, if it did."""

    opened: SessionOpened
    chain: list[str] = field(default_factory=list)
    ended: SessionEnded | None = None
    ended_at: int = -1


@dataclass
class Seen:
    """What all checks here look at: sessions by id, and generations of accounts at the end."""

    sessions: dict[str, Session] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    facts: dict[str, Fact] = field(default_factory=dict)


def read(token: str) -> tuple[str, str]:
    """Give the session's id and the digest of a token: after 16 bytes of the id stand 24 secret ones."""
    raw = base64.urlsafe_b64decode(token.removeprefix(PREFIX))
    return str(UUID(bytes=raw[:16])), sha256(raw[16:40]).hexdigest()


def follow(decided: Decided, findings: Findings) -> Seen:
    """Follow all of them."""
    seen = Seen()
    for (domain, _), journal in decided.journals.items():
        for counted in journal.counted:
            if domain == "session":
                _step(counted, seen.sessions, decided, findings)
            elif domain == "account":
                meta, fact = counted.recorded
                seen.facts[journal.position(counted)] = fact
                seen.generations[meta.subject] = max(seen.generations[meta.subject], generation_of(fact))
    return seen


def generation_of(fact: Fact | None) -> int:
    return getattr(fact, "generation", 0)


def _step(counted: Counted, sessions: dict[str, Session], decided: Decided, findings: Findings) -> None:
    """Follow one record of a session, which may be of none yet."""
    meta, fact = counted.recorded
    session = sessions.get(meta.subject)
    if isinstance(fact, SessionOpened):
        findings.compare(STEPS, f"{meta.subject} opened", session, None)
        sessions[meta.subject] = Session(fact, [fact.refresh])
    elif session is None:
        return
    elif isinstance(fact, SessionEnded):
        session.ended, session.ended_at = fact, counted.offset
    elif isinstance(fact, SessionRefreshed):
        asked = decided.asked[meta.command_id][0].command
        shown = asked.shown if isinstance(asked, RefreshSession) else None
        found = [shown, fact.step, fact.refresh in session.chain, session.ended]
        findings.compare(
            STEPS, f"{meta.subject} step {fact.step}", found, [session.chain[-1], len(session.chain), False, None]
        )
        session.chain.append(fact.refresh)
