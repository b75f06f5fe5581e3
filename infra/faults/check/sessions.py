"""Sees that sessions go on token by token, and end when they must and no sooner."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from infra.faults.check import passwords
from infra.faults.check.chains import Seen, Session, follow, generation_of, read
from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Exchange, Findings

TOLD = "tokens told are the next of their session"
SUCCESSOR = "a token has one successor"
HONEST = "nobody honest is signed out"
OVER = "what has ended stays so"

SHARED_AFTER = 3
"""So many steps in a row of which a token is shown late, and the session ends."""

FELT_WITHIN = 15.0
"""Seconds after which all sign-ins of before are worth nothing, whatever is broken meanwhile."""

OK, REFUSED = 200, 401

By = Mapping[str, Sequence[Exchange]]
"""Exchanges by what they ask."""


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    seen = follow(decided, findings)
    by: dict[str, list[Exchange]] = defaultdict(list)
    for each in evidence.exchanges:
        by[each.asks].append(each)
    passwords.compare(by, seen, findings)
    for each in by["come back"]:
        if each.status:
            findings.compare(OVER, "at the end", each.status, REFUSED)
    # Of what is in no journal the comparison of sign-ins has told.
    by["refresh"] = [each for each in by["refresh"] if session_of(each) in seen.sessions]
    _successors(by["refresh"], findings)
    for each in by["refresh"]:
        session = seen.sessions[session_of(each)]
        where = f"{each.person} in {session_of(each)}"
        if each.status == OK:
            _told(each, session, where, findings)
            findings.compare(OVER, where, _ends_before(each, session, by, seen), [])
        if each.status and not each.thief:
            findings.count(HONEST)
            if each.status == REFUSED and not _explained(each, session, by, seen):
                findings.violate(HONEST, where, f"was told {each.body}; in the journal it ended so: {session.ended}")


def session_of(each: Exchange) -> str:
    session_id, _ = read(each.sent["refresh_token"])
    return session_id


def _told(each: Exchange, session: Session, where: str, findings: Findings) -> None:
    """See that a token told is, in the journal, the one after the token shown."""
    session_id, shown = read(each.sent["refresh_token"])
    following = dict(zip(session.chain, session.chain[1:], strict=False)).get(shown)
    findings.compare(TOLD, where, read(each.body["refresh_token"]), (session_id, following))


def _successors(refreshes: Sequence[Exchange], findings: Findings) -> None:
    told = defaultdict(set)
    for each in refreshes:
        if each.status == OK:
            told[each.sent["refresh_token"]].add(each.body["refresh_token"])
    for token, following in told.items():
        findings.compare(SUCCESSOR, read(token), len(following), 1)


def _ends_before(each: Exchange, session: Session, by: By, seen: Seen) -> list[str]:
    """Name what ended a session before it went on all the same."""
    found = []
    if session.ended is not None and int(each.body["position"].rpartition(":")[2]) > session.ended_at:
        found.append(f"ended at {session.ended_at}")
    found += [
        "revoked"
        for end in by["revoke"]
        if end.status == OK and end.sent["session_id"] == session_of(each) and end.told < each.asked
    ]
    for end in [*by["change password"], *by["close"]]:
        if end.status == OK and end.body["subject"] == session.opened.account_id:
            outdated = generation_of(seen.facts.get(end.body["position"])) > session.opened.generation
            if outdated and end.told + FELT_WITHIN < each.asked:
                found.append(f"{end.asks} {each.asked - end.told:.1f} s before")
    return found


def _explained(each: Exchange, session: Session, by: By, seen: Seen) -> bool:
    """Say whether a session ended for something that its person or a thief did before."""
    if each.body.get("code") != "session_ended":
        return False
    before = [
        end for asks in ("change password", "close", "revoke", "refresh") for end in by[asks] if end.asked < each.told
    ]
    if seen.generations[session.opened.account_id] > session.opened.generation and any(
        end.person == each.person and end.asks in ("change password", "close") for end in before
    ):
        return True
    of_session = [end for end in before if end.asks == "refresh" and session_of(end) == session_of(each)]
    match session.ended and session.ended.reason:
        case "revoked":
            return any(end.asks == "revoke" and end.sent["session_id"] == session_of(each) for end in before)
        case "reused":
            return any(end.thief for end in of_session)
        case "shared":
            return any(end.thief for end in of_session) or _repeats(session, of_session)
        case _:
            return False


def _repeats(session: Session, refreshes: Sequence[Exchange]) -> bool:
    """Say whether each of the last tokens before the newest was shown more than once, as by who got no answer."""
    times = Counter(read(each.sent["refresh_token"])[1] for each in refreshes)
    return all(times[digest] > 1 for digest in session.chain[-1 - SHARED_AFTER : -1])
