"""What facts lead to outside, on a real vault, a real read model and a mail server that may say no."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import REGISTRY

from infra import smtp, tables
from infra.auth import inbox
from infra.auth.vault import Erased, Person, Vault
from infra.effects import KNOWN_WITHIN_MS, TOLD_WITHIN_MS, Effects
from infra.settings import Settings
from schemas.account import AccountErased, AccountOpened, AddressChangeAsked, PasswordSet
from schemas.address import ProofRenewed
from schemas.message import Actor, Fact, FactMeta, Recorded
from schemas.person import Changing, Opening, Proof
from schemas.session import SessionEnded
from streams.seeing import NotNow
from tests.infra.mailserver import MailServer, mail_server
from tests.projections.knowing import Knowing

OLD, NEW = "0" * 64, "1" * 64
HASH = "sealed-hash"


def now() -> int:
    return time.time_ns() // 1_000_000


def told(fact: Fact, subject: str, age: int = 0) -> Recorded:
    meta = FactMeta(
        id=str(uuid4()),
        type=fact.type,
        subject=subject,
        version=1,
        time=now() - age,
        actor=Actor(id=subject),
        command_id=str(uuid4()),
        command_type="account.do",
        command_offset=0,
        correlation_id="c",
    )
    return Recorded(meta, fact)


@dataclass
class Somebody:
    """A person with a key, and an address that is nobody else's."""

    person: Person
    address: str

    @property
    def id(self) -> str:
        return self.person.account_id

    def proof(self, says: str = "the-token", lasts: int = 60_000) -> Proof:
        return Proof(token="2" * 64, sealed=self.person.seal("proof", says), until=now() + lasts)

    def sealed(self, address: str = "") -> str:
        return self.person.seal("address", address or self.address)

    def opened(self, **others: Any) -> AccountOpened:
        fields = {"sealed_address": self.sealed(), "profile": {}, "password": HASH, "proof": self.proof()}
        return AccountOpened(address=OLD, opening=Opening(**fields | others))


@pytest.fixture(scope="module")
def ours(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    name = f"effects_{uuid4().hex}"
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = f"{stack.postgres_url.rsplit('/', 1)[0]}/{name}"
        settings = stack.model_copy(
            update={"postgres_url": url, "data_dir": tmp_path_factory.mktemp("effects"), "smtp_url": ""}
        )
        tables.make(settings)
        yield settings
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def vault(ours: Settings) -> AsyncIterator[Vault]:
    vault = Vault(ours)
    await vault.open()
    yield vault
    await vault.close()


@pytest.fixture(scope="module")
async def knowing(ours: Settings) -> AsyncIterator[Knowing]:
    knowing = Knowing(ours)
    yield knowing
    await knowing.close()


@pytest.fixture
async def alice(vault: Vault) -> Somebody:
    account_id = str(uuid4())
    return Somebody(await vault.person(account_id), f"{account_id}@example.org")


@pytest.fixture
async def kept(ours: Settings) -> AsyncIterator[Effects]:
    """Effects where no mail server is known."""
    effects = Effects(ours)
    yield effects
    await effects.close()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def sent(ours: Settings, server: MailServer) -> AsyncIterator[Effects]:
    """Effects where mail is sent."""
    effects = Effects(ours.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{server.port}"}))
    yield effects
    await effects.close()


# ── the inbox ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_mail_server_mail_is_kept_and_read_at_the_inbox(
    kept: Effects, vault: Vault, alice: Somebody
) -> None:
    fact = told(alice.opened(), alice.id)
    await kept.see_to(fact)
    (mail,) = await inbox.messages(vault, alice.address)
    assert (mail["id"], mail["account_id"]) == (f"{fact.meta.id}:0", alice.id)
    assert (mail["to"], mail["subject"]) == (alice.address, "Confirm your mail address")
    assert mail["text"].count("the-token") == 2
    assert "{token}" not in mail["text"]
    assert isinstance(mail["time"], datetime)


async def test_a_fact_that_is_seen_to_twice_makes_one_mail(kept: Effects, vault: Vault, alice: Somebody) -> None:
    fact = told(alice.opened(), alice.id)
    await kept.see_to(fact)
    await kept.see_to(fact)
    assert len(await inbox.messages(vault, alice.address)) == 1


async def test_the_inbox_gives_what_came_after_a_moment_oldest_first(
    kept: Effects, vault: Vault, alice: Somebody
) -> None:
    for _ in range(3):
        await kept.see_to(told(alice.opened(), alice.id))
    first, *others = await inbox.messages(vault, alice.address)
    assert await inbox.messages(vault, alice.address, first["time"]) == others
    assert [mail["time"] for mail in others] == sorted(mail["time"] for mail in others)
    assert [mail for mail in await inbox.messages(vault) if mail["to"] == alice.address] == [first, *others]


async def test_nothing_personal_stands_in_the_inbox_in_clear(ours: Settings, kept: Effects, alice: Somebody) -> None:
    await kept.see_to(told(alice.opened(), alice.id))
    with psycopg.connect(ours.postgres_url) as connection:
        rows = connection.execute("SELECT sealed FROM vault.inbox WHERE account_id = %s", [alice.id]).fetchall()
    ((sealed,),) = rows
    assert "example" not in sealed
    assert "token" not in sealed


# ── to whom ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_notice_goes_to_the_address_that_the_account_has(
    kept: Effects, vault: Vault, knowing: Knowing, alice: Somebody
) -> None:
    await knowing.tell("account", alice.id, alice.opened())
    await kept.see_to(told(SessionEnded(account_id=alice.id, reason="shared"), "a session"))
    (mail,) = await inbox.messages(vault, alice.address)
    assert mail["subject"] == "A session was ended"


async def test_a_change_of_address_is_mailed_to_both(
    kept: Effects, vault: Vault, knowing: Knowing, alice: Somebody
) -> None:
    other = f"new-{alice.address}"
    changing = Changing(sealed_address=alice.sealed(other), new=alice.proof("the-new"), old=alice.proof("the-old"))
    asked = AddressChangeAsked(address=NEW, changing=changing)
    await knowing.tell("account", alice.id, alice.opened())
    await knowing.tell("account", alice.id, asked)
    await kept.see_to(told(asked, alice.id))
    (new,), (old,) = await inbox.messages(vault, other), await inbox.messages(vault, alice.address)
    assert "the-new" in new["text"]
    assert "the-old" in old["text"]
    assert {new["id"][-2:], old["id"][-2:]} == {":0", ":1"}


async def test_another_proof_goes_to_the_address_that_waits_for_it(
    kept: Effects, vault: Vault, knowing: Knowing, alice: Somebody
) -> None:
    other = f"new-{alice.address}"
    changing = Changing(sealed_address=alice.sealed(other), new=alice.proof())
    await knowing.tell("account", alice.id, alice.opened())
    await knowing.tell("account", alice.id, AddressChangeAsked(address=NEW, changing=changing))
    await kept.see_to(told(ProofRenewed(account_id=alice.id, proof=alice.proof("the-old")), OLD))
    await kept.see_to(told(ProofRenewed(account_id=alice.id, proof=alice.proof("the-new")), NEW))
    await kept.see_to(told(ProofRenewed(account_id=alice.id, proof=alice.proof("the-third")), "3" * 64))
    (old,), (new,) = await inbox.messages(vault, alice.address), await inbox.messages(vault, other)
    assert "the-old" in old["text"]
    assert "the-new" in new["text"]


async def test_an_account_that_is_not_known_yet_is_waited_for(
    kept: Effects, vault: Vault, knowing: Knowing, alice: Somebody
) -> None:
    fact = told(PasswordSet(password=HASH, generation=1), alice.id)
    with pytest.raises(NotNow, match="do not know"):
        await kept.see_to(fact)
    await knowing.tell("account", alice.id, alice.opened())
    await kept.see_to(fact)
    assert len(await inbox.messages(vault, alice.address)) == 1


async def test_an_account_that_never_gets_known_is_not_waited_for_without_end(
    kept: Effects, vault: Vault, alice: Somebody
) -> None:
    await kept.see_to(told(PasswordSet(password=HASH, generation=1), alice.id, age=KNOWN_WITHIN_MS + 1_000))
    assert await inbox.messages(vault, alice.address) == []


async def test_a_token_that_proves_nothing_any_more_is_not_mailed(kept: Effects, vault: Vault, alice: Somebody) -> None:
    await kept.see_to(told(alice.opened(proof=alice.proof(lasts=-1)), alice.id))
    assert await inbox.messages(vault, alice.address) == []


async def test_nobody_is_told_of_what_is_long_past(
    kept: Effects, vault: Vault, knowing: Knowing, alice: Somebody
) -> None:
    await knowing.tell("account", alice.id, alice.opened())
    await kept.see_to(told(PasswordSet(password=HASH, generation=1), alice.id, age=TOLD_WITHIN_MS + 1_000))
    assert await inbox.messages(vault, alice.address) == []


async def test_what_does_not_open_keeps_nobody_waiting(kept: Effects, vault: Vault, alice: Somebody) -> None:
    await kept.see_to(told(alice.opened(sealed_address="AAAA"), alice.id))
    await kept.see_to(told(alice.opened(), alice.id))
    assert len(await inbox.messages(vault, alice.address)) == 1


# ── the end of a person ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_erasing_destroys_the_key_and_the_mail(
    ours: Settings, kept: Effects, vault: Vault, alice: Somebody
) -> None:
    await kept.see_to(told(alice.opened(), alice.id))
    erased = told(AccountErased(generation=1, addresses=(OLD,)), alice.id)
    await kept.see_to(erased)
    await kept.see_to(erased)
    vault.forget(alice.id)
    with pytest.raises(Erased):
        await vault.person(alice.id)
    with psycopg.connect(ours.postgres_url) as connection:
        assert connection.execute("SELECT FROM vault.inbox WHERE account_id = %s", [alice.id]).fetchall() == []


async def test_who_was_erased_elsewhere_gets_no_mail(
    sent: Effects, server: MailServer, vault: Vault, alice: Somebody
) -> None:
    await sent.see_to(told(alice.opened(), alice.id))
    assert len(server.came) == 1
    await vault.erase(alice.id)
    await sent.see_to(told(alice.opened(), alice.id))
    assert len(server.came) == 1


# ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_with_a_mail_server_mail_is_sent_once_and_kept_nowhere(
    sent: Effects, server: MailServer, vault: Vault, alice: Somebody
) -> None:
    fact = told(alice.opened(), alice.id)
    await sent.see_to(fact)
    await sent.see_to(fact)
    (came,) = server.came
    assert (came["To"], came["From"]) == (alice.address, "annal@localhost")
    assert came["Message-ID"] == f"<{fact.meta.id}.0@localhost>"
    assert "the-token" in came.get_content()
    assert await inbox.messages(vault, alice.address) == []


async def test_mail_that_was_sent_is_not_sent_again_when_the_next_one_fails(
    sent: Effects, server: MailServer, knowing: Knowing, alice: Somebody
) -> None:
    changing = Changing(sealed_address=alice.sealed(f"new-{alice.address}"), new=alice.proof(), old=alice.proof())
    fact = told(AddressChangeAsked(address=NEW, changing=changing), alice.id)
    with pytest.raises(NotNow, match="do not know"):
        await sent.see_to(fact)
    await knowing.tell("account", alice.id, alice.opened())
    await sent.see_to(fact)
    assert [came["To"] for came in server.came] == [f"new-{alice.address}", alice.address]


async def test_a_mail_server_that_is_busy_is_asked_again_and_the_address_told_to_nobody(
    sent: Effects, server: MailServer, alice: Somebody
) -> None:
    fact = told(alice.opened(), alice.id)
    server.says["RCPT"] = f"421 <{alice.address}> later"
    with pytest.raises(NotNow) as busy:
        await sent.see_to(fact)
    assert alice.address not in str(busy.value)
    assert busy.value.__suppress_context__
    del server.says["RCPT"]
    await sent.see_to(fact)
    assert len(server.came) == 1


async def test_a_mail_that_is_refused_again_and_again_keeps_nobody_waiting(
    sent: Effects, server: MailServer, vault: Vault, alice: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "RESTS", (0.01,))
    server.says["RCPT"] = "451 Later"
    fact, given_up = told(alice.opened(), alice.id), undeliverable()
    await sent.see_to(fact)
    assert undeliverable() == given_up + 1
    assert not await inbox.sent(vault, fact.meta.id, 0)


def undeliverable() -> float:
    return REGISTRY.get_sample_value("annal_mails_total", {"became": "undeliverable"}) or 0


async def test_an_address_that_is_refused_for_good_keeps_nobody_waiting(
    sent: Effects, server: MailServer, alice: Somebody
) -> None:
    server.says["RCPT"] = "550 No such user"
    await sent.see_to(told(alice.opened(), alice.id))
    assert server.came == []


# ── servers that are away ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_while_postgresql_is_away_effects_wait_and_then_go_on(
    ours: Settings, vault: Vault, alice: Somebody, tmp_path: Path
) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:1/{tmp_path.name}"
    effects = Effects(ours.model_copy(update={"postgres_url": nowhere}))
    fact = told(alice.opened(), alice.id)
    with pytest.raises(NotNow, match="PostgreSQL"):
        await effects.see_to(fact)
    effects._settings = ours
    await effects.see_to(fact)
    await effects.close()
    assert len(await inbox.messages(vault, alice.address)) == 1
