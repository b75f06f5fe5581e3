"""The webhook: each answer of the agent is POSTed to a URL of the operator's, signed as Standard Webhooks asks.

At least once: who receives an answer knows by its `webhook-id`, the id of the fact, that they had it already.
"""

import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from prometheus_client import Counter
from standardwebhooks.webhooks import Webhook as Signer

from infra import telemetry
from infra.auth.vault import Person, Unsealable
from infra.network import is_public
from infra.settings import Settings, Unusable
from schemas.conversation import AgentReplied
from schemas.message import Recorded
from schemas.problems import Problem
from streams.policing import Policing
from streams.seeing import NotNow

PATIENCE = aiohttp.ClientTimeout(total=15)
"""Seconds for an attempt; Standard Webhooks recommends 15 to 30."""

TOLD_WITHIN_MS = 3 * 24 * 3600 * 1000
"""How old an answer may be that is still told: about as long as Standard Webhooks has attempts go on."""

GONE = 410
"""By this status a receiver says that it wants no more of it."""

HOOKS = Counter("annal_agent_webhooks_total", "Answers for the agent's webhook, by what became of them", ["became"])

log = telemetry.log(__name__)

Newest = Callable[[str], Awaitable[Person | None]]
"""Gives the key of a person; None once they were erased. Raises Problem."""


class Webhook:
    """Tells answers to one URL while its `policing` runs; `person` opens what they said."""

    def __init__(self, settings: Settings, connection: dict[str, Any], person: Newest) -> None:
        self._url = settings.agent_webhook_url
        self._signer = _signer(settings)
        self._local = settings.local
        self._person = person
        self._session: aiohttp.ClientSession | None = None
        self.policing = Policing(connection, "agent-webhook", (AgentReplied,), self.see_to)

    async def stop(self) -> None:
        await self.policing.stop()
        if self._session is not None:
            await self._session.close()

    async def see_to(self, recorded: Recorded) -> None:
        """Tell an answer. Raises NotNow."""
        if _now() - recorded.meta.time > TOLD_WITHIN_MS:
            HOOKS.labels("too_late").inc()
            return
        try:
            body = await self._body(recorded)
            if body is not None:
                await self._send(recorded.meta.id, body)
        except Problem as problem:
            raise NotNow(problem.detail) from problem
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotNow(f"The agent's webhook cannot be reached ({type(error).__name__}).") from error

    async def _body(self, recorded: Recorded) -> str | None:
        """Write an answer in the open; None if its person was erased. Raises Problem."""
        meta, fact = recorded.meta, recorded.fact
        assert isinstance(fact, AgentReplied)  # noqa: S101 - nothing else is policed
        account_id = meta.actor.on_behalf_of or ""
        person = await self._person(account_id)
        if person is None or fact.text is None:
            return None
        try:
            text = person.open("message", fact.text)
        except Unsealable:
            log.warning("an answer cannot be opened and is not told", fact=meta.id)
            return None
        data = {
            "conversation_id": meta.subject,
            "account_id": account_id,
            "turn": fact.turn,
            "text": text,
            "citations": [each.model_dump() for each in fact.citations],
            "receipts": [each.model_dump() for each in fact.receipts],
        }
        told = datetime.fromtimestamp(meta.time / 1000, UTC).isoformat()
        return orjson.dumps({"type": fact.type, "timestamp": told, "data": data}).decode()

    async def _send(self, id_: str, body: str) -> None:
        """POST an answer. Raises NotNow unless it is taken, and what aiohttp raises."""
        if self._session is None:
            resolver = ThreadedResolver() if self._local else Public()
            self._session = aiohttp.ClientSession(
                timeout=PATIENCE, connector=aiohttp.TCPConnector(resolver=resolver), trust_env=False
            )
        if not self._local:
            _require_public_host(self._url)
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(id_, now, body),
        }
        # Where a redirect leads nobody has configured.
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            if response.status == GONE:
                HOOKS.labels("gone").inc()
                log.warning("the agent's webhook wants no more of this", fact=id_)
            elif response.ok and response.status < 300:  # noqa: PLR2004 - what HTTP calls success
                HOOKS.labels("sent").inc()
            else:
                raise NotNow(f"The agent's webhook answers {response.status}.")


class Public(AbstractResolver):
    """Finds the addresses of names, of which none may be private: what is connected to is what was looked at."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            _require_public(each["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _signer(settings: Settings) -> Signer:
    """Give what signs. Raises Unusable for a webhook that nobody could trust."""
    if settings.agent_webhook_secret is None:
        raise Unusable("ANNAL_AGENT_WEBHOOK_URL takes a secret: set ANNAL_AGENT_WEBHOOK_SECRET, such as whsec_….")
    if not (settings.local or settings.agent_webhook_url.startswith("https://")):
        raise Unusable("Answers go out to others in the open: let ANNAL_AGENT_WEBHOOK_URL begin with https://.")
    return Signer(settings.agent_webhook_secret.get_secret_value())


def _require_public_host(url: str) -> None:
    """Raise NotNow if a URL names a private address itself, which no resolver is asked for."""
    host = urlsplit(url).hostname or ""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return
    _require_public(host)


def _require_public(address: str) -> None:
    if not is_public(address):
        raise NotNow(
            f"ANNAL_AGENT_WEBHOOK_URL leads to {address}, which is a private address: name one on the Internet."
        )


def _now() -> int:
    return time.time_ns() // 1_000_000
