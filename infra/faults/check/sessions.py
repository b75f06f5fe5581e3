"""Sees that sessions go on token by token, and end when they must and no sooner."""

from collections import defaultdict
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


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    seen = follow(decided, findings)
    asked: dict[str, list[Exchange]] = defaultdict(list)
    for each in evidence.exchanges:
        asked[each.asks].append(each)
    refreshes = asked["refresh"] + asked["come back"]
    for each in refreshes:
        _told(each, seen, findings)
    _successors(refreshes, findings)
    _honest(asked["refresh"], asked["revoke"], seen, findings)
    _over(asked, seen, findings)
    passwords.compare(asked, seen, findings)


def _told(each: Exchange, seen: Seen, findings: Findings) -> None:
    """See that a token told is, in the journal, the one after the token shown."""
    if each.status != OK:
        return
    session_id, shown = read(each.sent["refresh_token"])
    told_id, following = read(each.body["refresh_token"])
    chain = seen.sessions[session_id].chain
    found = [told_id, chain.index(following) if following in chain else None]
    findings.compare(TOLD, f"{each.person} in {session_id}", found, [session_id, chain.index(shown) + 1])


def _successors(refreshes: Sequence[Exchange], findings: Findings) -> None:
    told = defaultdict(set)
    for each in refreshes:
        if each.status == OK:
            told[each.sent["refresh_token"]].add(each.body["refresh_token"])
    for token, following in told.items():
        findings.compare(SUCCESSOR, read(token), len(following), 1)


def _honest(refreshes: Sequence[Exchange], revocations: Sequence[Exchange], seen: Seen, findings: Findings) -> None:
    """See that whoever was told that a session is over was told the truth, and that it ended for a reason of theirs."""
    robbed = {read(each.sent["refresh_token"])[0] for each in refreshes if each.thief}
    revoked = {each.sent["session_id"] for each in revocations}
    for each in refreshes:
        session_id, _ = read(each.sent["refresh_token"])
        if each.thief or not each.status or session_id in robbed:
            continue
        findings.count(HONEST)
        if each.status != REFUSED:
            continue
        session = seen.sessions[session_id]
        reason = session.ended.reason if session.ended is not None else None
        outdated = seen.generations[session.opened.account_id] > session.opened.generation
        explained = (
            outdated
            or (reason == "revoked" and session_id in revoked)
            or (reason == "shared" and _repeats(session, refreshes))
        )
        if each.body.get("code") != "session_ended" or not explained:
            findings.violate(HONEST, f"{each.person} in {session_id}", f"was told {each.body}; it ended: {reason}")


def _repeats(session: Session, refreshes: Sequence[Exchange]) -> bool:
    """Say whether each of the last tokens before the newest was shown more than once, as by who got no answer."""
    times: dict[str, int] = defaultdict(int)
    for each in refreshes:
        times[read(each.sent["refresh_token"])[1]] += 1
    return all(times[digest] > 1 for digest in session.chain[-1 - SHARED_AFTER : -1])


def _over(asked: Mapping[str, Sequence[Exchange]], seen: Seen, findings: Findings) -> None:
    """See that no token is worth anything after its session was revoked, or its account's sign-ins ended."""
    revoked = {each.sent["session_id"]: each.told for each in asked["revoke"] if each.status == OK}
    ends: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for each in [*asked["change password"], *asked["close"]]:
        if each.status == OK:
            ends[each.body["subject"]].append((generation_of(seen.facts[each.body["position"]]), each.told))
    for each in asked["come back"]:
        if each.status:
            findings.compare(OVER, "at the end", each.status, REFUSED)
    for each in asked["refresh"]:
        if each.status == OK:
            session_id, _ = read(each.sent["refresh_token"])
            session = seen.sessions[session_id]
            offset = int(each.body["position"].rpartition(":")[2])
            before = session.ended is None or offset < session.ended_at
            in_time = each.asked < revoked.get(session_id, each.told)
            felt = not any(
                generation > session.opened.generation and each.asked > told + FELT_WITHIN
                for generation, told in ends[session.opened.account_id]
            )
            findings.compare(OVER, f"{each.person} in {session_id}", (before, in_time, felt), (True, True, True))
