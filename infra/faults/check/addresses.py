"""Sees that an address has one holder, that who holds it has an account, and that people were told so."""

from collections import defaultdict
from collections.abc import Iterator

from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Exchange, Findings
from infra.faults.check.journal import Counted, Journal
from schemas.account import AccountClosed, AccountErased, AccountOpened
from schemas.address import AddressClaimed, AddressReleased, AddressVerified, ClaimAddress
from schemas.message import CommandRejected
from schemas.person import Opening

ONE_HOLDER = "an address has one holder"
TAKEN = "refused an address that another holds"
OPENED = "each claim opens its account, once"
ONE_ACCOUNT = "one account of an address"
PROVED = "whoever reads the mail proves the address"

UNPROVED = 24 * 3600 * 1000
OK = 200


def compare(evidence: Evidence, decided: Decided, findings: Findings) -> None:
    for journal in decided.journals.values():
        if journal.place[0] == "address":
            _holders(journal, decided, findings)
    _opened(decided, findings)
    registered = [each for each in evidence.exchanges if each.asks == "register"]
    _one_account(registered, decided, findings)
    for each in registered:
        if each.body.get("code") == "address_taken":
            _told_taken(each, decided, findings)
    for each in evidence.exchanges:
        if each.asks == "verify" and each.status:
            findings.count(PROVED)
            if each.body.get("code") == "token_wrong":
                findings.violate(PROVED, each.person, f"was told {each.body}")


class Holders:
    """Who holds each address of a journal, since when, and whether they proved to read it."""

    def __init__(self) -> None:
        self.held: dict[str, AddressClaimed] = {}
        self.proved: set[str] = set()

    def account(self, address: str) -> str | None:
        claimed = self.held.get(address)
        return claimed.account_id if claimed is not None else None

    def take(self, counted: Counted) -> str | None:
        """Follow a record; give what is wrong with it, if anything is."""
        meta, fact = counted.recorded.meta, counted.recorded.fact
        before = self.held.get(meta.subject)
        match fact:
            case AddressClaimed():
                proved, self.held[meta.subject] = meta.subject in self.proved, fact
                self.proved.discard(meta.subject)
                if fact.opening is not None and fact.opening.verified:
                    self.proved.add(meta.subject)
                return _wrong(before, fact, meta.time, proved=proved)
            case AddressVerified():
                self.proved.add(meta.subject)
            case AddressReleased():
                self.held.pop(meta.subject, None)
                self.proved.discard(meta.subject)
            case _:
                return None
        holder = before.account_id if before is not None else None
        return None if fact.account_id == holder else f"{fact!r}, and {holder} holds it"


def _wrong(before: AddressClaimed | None, fact: AddressClaimed, time: int, *, proved: bool) -> str | None:
    """Say what is wrong with a claim of an address that was held so before."""
    if before is None or before.account_id == fact.account_id:
        return None if fact.former is None else f"{fact.former} did not hold it, and lost it"
    lapsed = not proved and time - before.claimed >= UNPROVED
    fits = lapsed and fact.former == before.account_id
    return None if fits else f"{fact.account_id} claimed it while {before.account_id} held it"


def _holders(journal: Journal, decided: Decided, findings: Findings) -> None:
    holders = Holders()
    for counted in journal.counted:
        meta, fact = counted.recorded.meta, counted.recorded.fact
        where = f"{meta.subject} at {journal.position(counted)}"
        if isinstance(fact, CommandRejected):
            if fact.code == "address_taken":
                asked = decided.asked[meta.command_id][0].command
                other = holders.account(meta.subject)
                wanted = isinstance(asked, ClaimAddress) and other not in (None, asked.account_id)
                findings.compare(TAKEN, where, wanted, wanted=True)
        elif (wrong := holders.take(counted)) is not None:
            findings.violate(ONE_HOLDER, where, wrong)
        findings.count(ONE_HOLDER)


def _opened(decided: Decided, findings: Findings) -> None:
    """Compare what was claimed to open accounts with the accounts that were opened."""
    claims: dict[str, list[tuple[str, AddressClaimed]]] = defaultdict(list)
    opened: dict[str, list[AccountOpened]] = defaultdict(list)
    for address, fact in _facts("address", decided):
        if isinstance(fact, AddressClaimed) and fact.opening is not None:
            claims[fact.account_id].append((address, fact))
    for account, fact in _facts("account", decided):
        if isinstance(fact, AccountOpened):
            opened[account].append(fact)
    for account in claims | opened:
        found = [(each.address, *_essence(each.opening)) for each in opened[account]]
        wanted = [(address, *_essence(claimed.opening)) for address, claimed in claims[account]]
        findings.compare(OPENED, account, found, wanted)


def _essence(opening: Opening | None) -> tuple[object, ...]:
    """Give what is the same of a request repeated with its key: the salt of the password and moments are not."""
    if opening is None:
        return ()
    token = opening.proof.token if opening.proof is not None else None
    return opening.sealed_address, opening.profile, opening.roles, opening.verified, opening.password is not None, token


def _one_account(registered: list[Exchange], decided: Decided, findings: Findings) -> None:
    """See that of all accounts told for one address at most one is left."""
    told: dict[str, set[str]] = defaultdict(set)
    for each in registered:
        if each.status == OK and "account_id" in each.body:
            told[each.sent["address"]].add(each.body["account_id"])
    closed = {
        account for account, fact in _facts("account", decided) if isinstance(fact, AccountClosed | AccountErased)
    }
    for address, accounts in told.items():
        findings.count(ONE_ACCOUNT)
        if len(left := accounts - closed) > 1:
            findings.violate(ONE_ACCOUNT, address, f"told of {sorted(left)}, which are all open")


def _told_taken(told: Exchange, decided: Decided, findings: Findings) -> None:
    """See that whoever was told that an address is taken has that from the journal."""
    domain, partition, offset = told.body["position"].split(":")
    journal = decided.journals[domain, int(partition)]
    found = [each.recorded for each in journal.counted if each.offset == int(offset)]
    codes = [(each.meta.command_id, getattr(each.fact, "code", None)) for each in found]
    findings.compare(TAKEN, told.person, codes, [(told.body["command_id"], "address_taken")])


def _facts(domain: str, decided: Decided) -> Iterator[tuple[str, object]]:
    for (name, _), journal in decided.journals.items():
        if name == domain:
            for counted in journal.counted:
                yield counted.recorded.meta.subject, counted.recorded.fact
