"""An answer of the agent is told to whoever the operator named: signed, until they take it, and to nobody inside."""

import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook as Receiver

from infra.agent.webhook import TOLD_WITHIN_MS, Public, Webhook
from infra.auth.vault import Person
from infra.settings import Settings, Unusable
from schemas.conversation import AgentReplied, Receipt
from schemas.message import Actor, FactMeta, Recorded
from streams.seeing import NotNow

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of nobody
ADA = Person("ada", b"\x07" * 64)
FACT = "5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11"


@dataclass
class Receiving:
    """Whoever takes answers: each request with its body, and the statuses that it is answered with in turn."""

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204, headers=self.headers)


@asynccontextmanager
async def receiving(*statuses: int, **headers: str) -> AsyncIterator[Receiving]:
    receiver = Receiving(list(statuses), headers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/answers"
    yield receiver
    await runner.cleanup()


@asynccontextmanager
async def hook(url: str, person: Person | None = ADA, **more: Any) -> AsyncIterator[Webhook]:
    async def newest(account_id: str) -> Person | None:
        assert account_id == "ada"
        return person

    said: dict[str, Any] = {"agent_webhook_url": url, "agent_webhook_secret": SecretStr(SECRET), **more}
    webhook = Webhook(Settings(**said), {}, newest)
    yield webhook
    await webhook.stop()


def answer(text: str = "Done.", age_ms: int = 0) -> Recorded:
    meta = FactMeta(
        id=FACT,
        type="conversation.agent_replied",
        subject="c",
        version=5,
        time=time.time_ns() // 1_000_000 - age_ms,
        actor=Actor(id="agent", on_behalf_of="ada"),
        command_id=FACT,
        command_type="conversation.reply",
        command_offset=1,
        correlation_id=FACT,
    )
    receipt = Receipt(command_id="x", type="resource.rename", subject="invoice-7", status="accepted")
    return Recorded(meta, AgentReplied(turn=1, text=ADA.seal("message", text), dialogue=None, receipts=(receipt,)))


async def test_an_answer_is_signed_so_that_any_receiver_of_the_standard_believes_it() -> None:
    async with receiving() as receiver, hook(receiver.url) as webhook:
        await webhook.see_to(answer("Rossi è qui."))
        ((headers, body),) = receiver.came
    told = Receiver(SECRET).verify(body, dict(headers))
    assert headers["webhook-id"] == FACT
    assert told["type"] == "conversation.agent_replied"
    assert told["data"] | {"receipts": None} == {
        "conversation_id": "c",
        "account_id": "ada",
        "turn": 1,
        "text": "Rossi è qui.",
        "citations": [],
        "receipts": None,
    }
    assert told["data"]["receipts"][0]["subject"] == "invoice-7"


async def test_the_signature_is_what_the_standard_says_it_is() -> None:
    async with receiving() as receiver, hook(receiver.url) as webhook:
        await webhook.see_to(answer())
        ((headers, body),) = receiver.came
    signed = f"{FACT}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(SECRET.removeprefix("whsec_"))
    expected = b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("status", [302, 400, 429, 500])
async def test_what_is_not_taken_is_tried_again_with_the_same_id(status: int) -> None:
    async with receiving(status) as receiver, hook(receiver.url) as webhook:
        with pytest.raises(NotNow, match=str(status)):
            await webhook.see_to(answer())
        await webhook.see_to(answer())
        assert [headers["webhook-id"] for headers, _ in receiver.came] == [FACT, FACT]


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as other, receiving(307, Location=other.url) as receiver, hook(receiver.url) as webhook:
        with pytest.raises(NotNow):
            await webhook.see_to(answer())
        assert other.came == []


async def test_who_wants_no_more_is_not_asked_again() -> None:
    async with receiving(410) as receiver, hook(receiver.url) as webhook:
        await webhook.see_to(answer())
        assert len(receiver.came) == 1


async def test_nobody_there_is_waited_for() -> None:
    async with hook("http://127.0.0.1:1/") as webhook:
        with pytest.raises(NotNow, match="cannot be reached"):
            await webhook.see_to(answer())


async def test_what_was_said_to_somebody_erased_or_long_ago_is_told_to_nobody() -> None:
    async with receiving() as receiver:
        async with hook(receiver.url, person=None) as webhook:
            await webhook.see_to(answer())
        async with hook(receiver.url) as webhook:
            await webhook.see_to(answer(age_ms=TOLD_WITHIN_MS + 1000))
        assert receiver.came == []


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ELSEWHERE: dict[str, Any] = {"public_url": "https://annal.example", "smtp_url": "smtp://mail.example"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "localhost"]
)
async def test_a_private_address_is_not_asked_where_others_reach_the_service(host: str) -> None:
    async with hook(f"https://{host}:1/", **ELSEWHERE) as webhook:
        with pytest.raises(NotNow, match="private address"):
            await webhook.see_to(answer())


async def test_a_name_is_as_private_as_any_of_its_addresses() -> None:
    class Rebinding(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
            found = ("93.184.216.34", "192.168.0.7")
            return [
                ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0) for each in found
            ]

        async def close(self) -> None:
            pass

    with pytest.raises(NotNow, match=r"192\.168\.0\.7"):
        await Public(Rebinding()).resolve("innocent.example", 443)


async def test_a_webhook_that_nobody_could_trust_is_refused_at_once() -> None:
    with pytest.raises(Unusable, match="ANNAL_AGENT_WEBHOOK_SECRET"):
        async with hook("https://hooks.example/", agent_webhook_secret=None):
            pass
    with pytest.raises(Unusable, match="https://"):
        async with hook("http://hooks.example/", **ELSEWHERE):
            pass
