"""What doors know at once: what counts in the journals of identity, from where it was loaded, and for long enough."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from infra.auth import known
from infra.auth.known import KEPT_MS, Change, Known, Snapshot
from schemas import wire
from schemas.account import (
    AccountErased,
    AccountReinstated,
    AccountSuspended,
    AccountVerified,
    ProfileChanged,
    RoleGiven,
    RoleTaken,
    SessionsRevoked,
)
from schemas.apikey import KeyRerolled, KeyRevoked
from schemas.message import Fact
from schemas.role import RoleDefined, RoleRetired
from schemas.session import SessionEnded
from tests.projections.telling import FIRST_MOMENT, Journal

NOTHING = Snapshot({}, {}, (), {}, {})
ENDED = SessionEnded(account_id="ada", reason="revoked")


class Heard:
    """What a door knows of journals on paper, as it takes record after record."""

    def __init__(self, snapshot: Snapshot = NOTHING) -> None:
        self.erased: list[str] = []
        self.snapshot = snapshot
        self.known = Known({}, self._load, self.erased.append)
        self.journals: dict[str, Journal] = {}
        self._taken = dict.fromkeys(("account", "session", "apikey", "role"), 0)

    async def _load(self, _: int) -> Snapshot:
        return self.snapshot

    async def begin(self) -> "Heard":
        await self.known._begin()
        return self

    def tell(self, domain: str, subject: str, *facts: Fact) -> None:
        """Let the journal of partition 0 of a domain tell, and the door take it."""
        journal = self.journals.setdefault(domain, Journal(domain))
        journal.tell(subject, *facts)
        self.take(domain)

    def take(self, domain: str, since: int | None = None) -> None:
        """Take what the journal has more than was taken, or all since an offset once more."""
        journal = self.journals[domain]
        for record in journal.records[self._taken[domain] if since is None else since :]:
            given = SimpleNamespace(**vars(record), timestamp=FIRST_MOMENT)
            self.known._take(TopicPartition(f"{domain}.facts", 0), given)
        self._taken[domain] = len(journal.records)


@pytest.fixture
async def heard() -> Heard:
    return await Heard().begin()


# ── what it makes of facts ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_that_ended_is_known_and_no_other(heard: Heard) -> None:
    heard.tell("session", "s1", ENDED)
    assert (heard.known.ended("s1"), heard.known.ended("s2")) == (True, False)


def test_an_account_is_as_its_newest_fact_says(heard: Heard) -> None:
    assert heard.known.status("ada", "active") == "active"
    heard.tell("account", "ada", AccountSuspended(generation=4))
    assert (heard.known.status("ada", "active"), heard.known.generation("ada", 3)) == ("suspended", 4)
    heard.tell("account", "ada", AccountReinstated())
    assert (heard.known.status("ada", "suspended"), heard.known.generation("ada", 3)) == ("active", 4)
    # A token may be newer than what is known.
    assert heard.known.generation("ada", 7) == 7


def test_whoever_is_erased_is_told_of_once_it_is_heard(heard: Heard) -> None:
    heard.tell("account", "ada", AccountErased(generation=1, addresses=()))
    assert (heard.known.status("ada", "active"), heard.erased) == ("erased", ["ada"])


def test_roles_given_and_taken_change_what_a_token_says(heard: Heard) -> None:
    heard.tell("account", "ada", RoleGiven(role="clerk"), RoleTaken(role="member"))
    assert heard.known.roles_of("ada", ("member", "auditor")) == ("auditor", "clerk")
    heard.tell("account", "ada", RoleGiven(role="member"))
    assert set(heard.known.roles_of("ada", ("member",))) == {"member", "clerk"}
    assert heard.known.roles_of("bo", ("member",)) == ("member",)


def test_what_a_role_permits_is_what_was_defined_last(heard: Heard) -> None:
    heard.tell("role", "clerk", RoleDefined(permissions=("kind:read",)))
    assert heard.known.roles == {"clerk": ("kind:read",)}
    heard.tell("role", "clerk", RoleRetired())
    assert heard.known.roles == {"clerk": ()}


def test_a_key_has_its_newest_secret_until_it_is_revoked(heard: Heard) -> None:
    assert heard.known.key("k1") is None
    heard.tell("apikey", "k1", KeyRerolled(secret="a" * 64, start="annal_a", before="b" * 64, before_until=5))
    change = heard.known.key("k1")
    assert change is not None
    assert (change.secret, change.before, change.before_until, change.revoked) == ("a" * 64, "b" * 64, 5, False)
    heard.tell("apikey", "k1", KeyRevoked())
    assert change.revoked


def test_what_changes_what_somebody_may_is_counted_and_nothing_else(heard: Heard) -> None:
    before = heard.known.changes
    heard.tell("session", "s1", ENDED)
    heard.tell("account", "ada", AccountVerified(), ProfileChanged(profile={}))
    assert heard.known.changes == before + 1
    heard.tell("account", "ada", SessionsRevoked(generation=1))
    assert heard.known.changes == before + 2


# ── what counts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_record_that_does_not_count_changes_nothing(heard: Heard) -> None:
    heard.tell("session", "s1", ENDED)
    journal = heard.journals["session"]
    stranger = wire.encode_fact(journal.recorded("s2", ENDED))
    journal.append(b"s2", stranger, prev=bytes(32))
    heard.take("session")
    assert not heard.known.ended("s2")
    heard.tell("session", "s3", ENDED)
    assert heard.known.ended("s3")


def test_what_was_taken_already_is_not_taken_again(heard: Heard) -> None:
    heard.tell("session", "s1", ENDED)
    before = heard.known.changes
    heard.take("session", since=0)
    assert heard.known.changes == before


def test_bytes_that_nobody_can_read_stop_nothing(heard: Heard) -> None:
    heard.tell("session", "s1", ENDED)
    heard.journals["session"].append(b"s2", b"\0noise")
    heard.take("session")
    heard.tell("session", "s3", ENDED)
    assert heard.known.ended("s3")


# ── where it begins, and when it forgets ──────────────────────────────────────────────────────────────────────────────


async def test_it_begins_where_the_snapshot_ends() -> None:
    journal = Journal("session")
    journal.tell("s1", ENDED)
    place = {("session", 0): (0, journal.head)}
    account = {"ada": Change(FIRST_MOMENT, 5, "suspended", 2, ("member",))}
    heard = await Heard(NOTHING._replace(places=place, accounts=account, sessions=("s0",), roles={"x": ()})).begin()
    heard.journals["session"] = journal
    heard._taken["session"] = 1
    heard.tell("session", "s2", ENDED)
    assert [heard.known.ended(each) for each in ("s0", "s1", "s2")] == [True, False, True]
    assert (heard.known.status("ada", "active"), heard.known.roles_of("ada", ())) == ("suspended", ("member",))


async def test_a_fact_that_the_snapshot_knew_is_not_taken_back() -> None:
    known_already = {"ada": Change(FIRST_MOMENT, 5, "active", 9)}
    heard = await Heard(NOTHING._replace(accounts=known_already)).begin()
    heard.tell("account", "ada", AccountSuspended(generation=1))
    assert (heard.known.status("ada", "?"), heard.known.generation("ada", 0)) == ("active", 9)


def test_what_no_token_tells_otherwise_any_more_is_forgotten(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    heard.tell("session", "s1", ENDED)
    heard.tell("account", "ada", AccountSuspended(generation=1))
    heard.tell("apikey", "k1", KeyRevoked())
    monkeypatch.setattr(known, "_now", lambda: FIRST_MOMENT + KEPT_MS - 1)
    heard.known._sweep()
    assert heard.known.ended("s1")
    monkeypatch.setattr(known, "_now", lambda: FIRST_MOMENT + 2 * KEPT_MS)
    heard.known._sweep()
    assert (heard.known.ended("s1"), heard.known.status("ada", "active"), heard.known.key("k1")) == (
        False,
        "active",
        None,
    )
