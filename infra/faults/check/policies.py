"""Sees that whatever facts ask for was asked and decided, once, whoever asked it and however often."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Findings
from infra.faults.check.journal import happened
from schemas.account import AccountClosed, AccountErased, AddressChangeAsked, AddressChanged, PasswordReset
from schemas.address import AddressClaimed, AddressVerified
from schemas.message import Fact

FOLLOWED = "what facts ask for, once"


def compare(decided: Decided, findings: Findings) -> None:
    answers: dict[str, set[object]] = defaultdict(set)
    facts = []
    for journal in decided.journals.values():
        for counted in journal.counted:
            meta = counted.recorded.meta
            answers[meta.command_id].add((journal.place, meta.command_offset))
            if happened(counted.recorded):
                facts.append(counted.recorded)
    for meta, fact in facts:
        for n, (type_, subject) in enumerate(_asks(fact)):
            command_id = str(uuid.uuid5(uuid.UUID(meta.id), str(n)))
            asked = [each.command for each in decided.asked[command_id]]
            found = len(answers[command_id]), {(each.type, each.subject) for each in asked}
            where = f"{type_} of {subject} after {fact.type} of {meta.subject}"
            findings.compare(FOLLOWED, where, found, (1, {(type_, subject)}))


def _asks(fact: Fact) -> Sequence[tuple[str, str]]:  # noqa: PLR0911 - one line for each fact
    """Give the types and subjects of what a fact asks for, in order."""
    match fact:
        case AddressClaimed():
            asks = (
                ("account.open", fact.account_id if fact.opening is not None else None),
                ("account.ask_address_change", fact.account_id if fact.changing is not None else None),
                ("account.lose_address", fact.former),
            )
            return [(type_, of) for type_, of in asks if of is not None]
        case AddressVerified():
            return [("account.note_verified", fact.account_id)]
        case PasswordReset():
            return [("address.confirm", fact.address)]
        case AddressChangeAsked():
            return [] if fact.replaced is None else [("address.release", fact.replaced)]
        case AddressChanged():
            return [("address.release", fact.former)]
        case AccountClosed() | AccountErased():
            return [("address.release", address) for address in fact.addresses]
        case _:
            return []
