"""The checker sees when people are told what the journals do not bear out, each way it may go."""

import base64
import uuid
from hashlib import sha256
from typing import Any

import pytest

from infra.faults.check import addresses, listeners, sessions
from infra.faults.check.addresses import ONE_ACCOUNT, PROVED, TAKEN
from infra.faults.check.decided import Decided
from infra.faults.check.evidence import Evidence, Exchange, Findings, Listened
from infra.faults.check.journal import Counted, Journal
from infra.faults.check.listeners import NO_GAP, RIGHTS
from infra.faults.check.passwords import BEGINS, ONE_PERSON, PASSWORDS
from infra.faults.check.sessions import HONEST, OVER, SUCCESSOR, TOLD
from schemas.account import PasswordSet
from schemas.message import Actor, Asked, CommandMeta, Fact, FactMeta, Recorded
from schemas.resource import ResourceRenamed, ResourceShared, ResourceUnshared
from schemas.session import RefreshSession, SessionEnded, SessionOpened, SessionRefreshed
from tests.projections.telling import registered

SESSION = str(uuid.UUID(int=7))
ADA = "an account"
RIGHT, NEXT = "the first password", "the second password"


def token(n: int, session: str = SESSION) -> str:
    raw = uuid.UUID(session).bytes + bytes([n]) * 24 + bytes(8)
    return "annal_rt_" + base64.urlsafe_b64encode(raw).decode()


def digest(n: int) -> str:
    return sha256(bytes([n]) * 24).hexdigest()


class World:
    """An account with a password, a session of two steps, and what people were told of both."""

    def __init__(self) -> None:
        self.decided = Decided()
        self.evidence = Evidence()
        self._moment = 0.0
        opened = SessionOpened(account_id=ADA, generation=0, methods=("password",), refresh=digest(0), opened=1)
        self.fact("session", SESSION, opened)
        for n in (1, 2):
            self.fact("session", SESSION, SessionRefreshed(refresh=digest(n), step=n, refreshed=1), shown=digest(n - 1))
        self.told("register", {"address": "a", "password": RIGHT}, account_id=ADA)
        self.signed_in()
        for n in (0, 1):
            self.refreshed(n, n + 1)

    def fact(self, domain: str, subject: str, fact: Fact, shown: str = "") -> str:
        """Put a fact into the journal, and give its position."""
        journal = self.decided.journals.setdefault((domain, 0), Journal((domain, 0)))
        place, command_id = len(journal.counted), str(uuid.uuid4())
        meta = FactMeta(
            id=str(uuid.uuid4()),
            type=fact.type,
            subject=subject,
            version=place + 1,
            time=1,
            actor=Actor(id=ADA),
            command_id=command_id,
            command_type="",
            command_offset=place,
            correlation_id=command_id,
        )
        journal.counted.append(Counted(place, subject.encode(), Recorded(meta, fact)))
        if isinstance(fact, SessionRefreshed):
            command = RefreshSession(session_id=subject, shown=shown, following=fact.refresh)
            asked = CommandMeta(
                id=command_id, type=command.type, subject=subject, time=1, actor=meta.actor, correlation_id=command_id
            )
            self.decided.asked[command_id].append(Asked(asked, command))
        return f"{domain}:0:{place}"

    def told(self, asks: str, sent: dict[str, Any], status: int = 200, **body: Any) -> None:
        self._moment += 100
        thief, person = body.pop("thief", False), body.pop("person", "ada")
        exchange = Exchange(person, asks, sent, status, body, self._moment, self._moment + 1, thief)
        self.evidence.exchanges.append(exchange)

    def signed_in(self, password: str = RIGHT, **more: Any) -> None:
        body = {"account_id": ADA, "session_id": SESSION, "refresh_token": token(0), **more}
        self.told("sign in", {"address": "a", "password": password}, **body)

    def refreshed(self, shown: int, following: int, **more: Any) -> None:
        body = {"refresh_token": token(following), "position": f"session:0:{following}", **more}
        self.told("refresh", {"refresh_token": token(shown)}, **body)

    def refused(self, shown: int, **more: Any) -> None:
        self.told("refresh", {"refresh_token": token(shown)}, 401, code="session_ended", **more)

    def password_changed(self) -> None:
        position = self.fact("account", ADA, PasswordSet(password="sealed", generation=1))  # noqa: S106 - sealed
        self.told("change password", {"current": RIGHT, "password": NEXT}, subject=ADA, position=position)

    def ended(self, reason: Any) -> None:
        self.fact("session", SESSION, SessionEnded(account_id=ADA, reason=reason))

    def judged(self) -> dict[str, int]:
        findings = Findings()
        addresses.compare(self.evidence, self.decided, findings)
        sessions.compare(self.evidence, self.decided, findings)
        return findings.wrong


def another_successor(world: World) -> None:
    world.refreshed(0, 2)


def a_token_of_no_step(world: World) -> None:
    world.refreshed(2, 3)


def ended_for_nothing(world: World) -> None:
    world.refused(2)


def robbed_by_nobody(world: World) -> None:
    world.ended("reused")
    world.refused(2)


def late_without_repeats(world: World) -> None:
    world.ended("shared")
    world.refused(2)


def revoked_and_alive(world: World) -> None:
    world.told("revoke", {"session_id": SESSION})
    world.refreshed(1, 2)


def outdated_and_alive(world: World) -> None:
    world.password_changed()
    world.refreshed(1, 2)


def alive_at_the_end(world: World) -> None:
    world.told("come back", {"refresh_token": token(2)})


def a_wrong_password(world: World) -> None:
    world.signed_in("another one")


def a_password_too_early(world: World) -> None:
    world.password_changed()
    world.signed_in(NEXT)


def a_session_of_nowhere(world: World) -> None:
    other = str(uuid.UUID(int=8))
    world.signed_in(session_id=other, refresh_token=token(0, other))


def two_people_of_one_account(world: World) -> None:
    world.signed_in(person="bob")


def two_accounts_of_one_address(world: World) -> None:
    world.told("register", {"address": "a", "password": "x"}, account_id="another account", person="bob")


def taken_by_nobody(world: World) -> None:
    body = {"code": "address_taken", "position": "session:0:0", "command_id": "none"}
    world.told("register", {"address": "b", "password": "x"}, 409, **body)


def a_mail_that_proves_nothing(world: World) -> None:
    world.told("verify", {"token": "of the mail"}, 422, code="token_wrong")


@pytest.mark.parametrize(
    ("happens", "promise"),
    [
        (another_successor, SUCCESSOR),
        (a_token_of_no_step, TOLD),
        (ended_for_nothing, HONEST),
        (robbed_by_nobody, HONEST),
        (late_without_repeats, HONEST),
        (revoked_and_alive, OVER),
        (outdated_and_alive, OVER),
        (alive_at_the_end, OVER),
        (a_wrong_password, PASSWORDS),
        (a_password_too_early, PASSWORDS),
        (a_session_of_nowhere, BEGINS),
        (two_people_of_one_account, ONE_PERSON),
        (two_accounts_of_one_address, ONE_ACCOUNT),
        (taken_by_nobody, TAKEN),
        (a_mail_that_proves_nothing, PROVED),
    ],
)
def test_the_checker_sees(happens: Any, promise: str) -> None:
    world = World()
    happens(world)
    assert promise in world.judged()


def a_robbery(world: World) -> None:
    world.refreshed(0, 1, thief=True)
    world.ended("reused")
    world.refused(2)


def answers_lost(world: World) -> None:
    for n in (0, 1):
        world.refreshed(n, n + 1)
    world.ended("shared")
    world.refused(2)


def a_revocation(world: World) -> None:
    world.told("revoke", {"session_id": SESSION})
    world.ended("revoked")
    world.refused(2)


def a_new_password(world: World) -> None:
    world.password_changed()
    world.refused(2)
    world.told("come back", {"refresh_token": token(2)}, 401, code="session_ended")


@pytest.mark.parametrize("happens", [a_robbery, answers_lost, a_revocation, a_new_password])
def test_and_bears_with_what_must_happen(happens: Any) -> None:
    world = World()
    happens(world)
    assert world.judged() == {}


class Listening(World):
    """A member who hears of resources from the first fact on: of her own, and of one that was shared with her late."""

    def __init__(self) -> None:
        super().__init__()
        self.hers = self.resource("hers", ADA)
        self.others = self.resource("another's", "bob")
        shared = self.resource("shared", "bob")
        late = self.fact("resource", "shared", ResourceShared(account=ADA, role="viewer"))
        self.renamed = self.fact("resource", "hers", ResourceRenamed(name="Mine"))
        self.lost = self.fact("resource", "shared", ResourceUnshared(account=ADA))
        self.listened = Listened("ada", ("resource",), (), whole=False, account=ADA)
        self.listened.last = self.lost
        for position in (self.hers, shared, late, self.renamed):
            self.heard(position)

    def resource(self, resource_id: str, owner: str) -> str:
        return self.fact("resource", resource_id, registered(owner=owner))

    def heard(self, position: str) -> None:
        counted = self.decided.journals["resource", 0].counted[int(position.rpartition(":")[2])]
        self.listened.facts.append((position, counted.recorded.meta.id))

    def judged(self) -> dict[str, int]:
        findings = Findings()
        self.evidence.listened = [self.listened]
        listeners.compare(self.evidence, self.decided, findings)
        return findings.wrong


def test_a_listener_may_hear_of_what_she_could_read_once_and_must_of_what_she_always_could() -> None:
    assert Listening().judged() == {}


def test_the_checker_sees_what_a_listener_may_not_read() -> None:
    for planted in ("others", "lost"):
        world = Listening()
        world.listened.facts = []
        world.listened.last = ""
        world.heard(getattr(world, planted))
        assert world.judged() == {RIGHTS: 1}


def test_and_what_was_kept_from_her_as_far_as_she_came() -> None:
    world = Listening()
    world.listened.facts = [told for told in world.listened.facts if told[0] != world.renamed]
    assert world.judged() == {NO_GAP: 1}
    world.listened.last = world.hers
    assert world.judged() == {}
