"""Sees that nobody signs in but with the password that the account has then, and that an account is one person's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from infra.faults.check.chains import Seen, generation_of, read
from infra.faults.check.evidence import Exchange, Findings

PASSWORDS = "only the right password signs in"
BEGINS = "signing in begins a session of the account"
ONE_PERSON = "an account is one person's"

OK = 200


def compare(asked: Mapping[str, Sequence[Exchange]], seen: Seen, findings: Findings) -> None:
    people: dict[str, set[str]] = defaultdict(set)
    since: dict[str, dict[str, int]] = defaultdict(dict)
    for each in asked["register"]:
        if each.status == OK and "account_id" in each.body:
            people[each.body["account_id"]].add(each.person)
            since[each.body["account_id"]][each.sent["password"]] = 0
    for each in asked["change password"]:
        if each.status == OK:
            since[each.body["subject"]][each.sent["password"]] = generation_of(seen.facts.get(each.body["position"]))
    unsure = {each.sent["password"] for each in asked["change password"] if each.status != OK}
    for each in asked["sign in"]:
        findings.count(PASSWORDS)
        if each.status == OK:
            people[each.body["account_id"]].add(each.person)
            _begun(each, seen, findings)
            _right(each, since[each.body["account_id"]], unsure, seen, findings)
    for account, persons in people.items():
        findings.compare(ONE_PERSON, account, len(persons), 1)


def _begun(told: Exchange, seen: Seen, findings: Findings) -> None:
    """See that the session told is in the journal, of the account told, and begins with the token told."""
    session = seen.sessions.get(told.body["session_id"])
    found = [*read(told.body["refresh_token"]), told.body["account_id"]]
    wanted = session and [told.body["session_id"], session.chain[0], session.opened.account_id]
    findings.compare(BEGINS, told.person, found, wanted)


def _right(told: Exchange, since: Mapping[str, int], unsure: set[str], seen: Seen, findings: Findings) -> None:
    """See that the account had the password in the generation that the session is of."""
    session, password = seen.sessions.get(told.body["session_id"]), told.sent["password"]
    if session is None or password in unsure:
        return
    begins = since.get(password)
    generation = session.opened.generation
    later = [other for other in since.values() if begins is not None and other > begins]
    if begins is None or not begins <= generation < min(later, default=generation + 1):
        where = f"{told.person} into {told.body['account_id']}"
        findings.violate(PASSWORDS, where, f"{password!r} began a session of generation {generation}; known: {since}")
