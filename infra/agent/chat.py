"""`annal agent chat`: a conversation with the agent in a terminal, over HTTP as any client has it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import orjson
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel

from infra.agent.remote import ask
from infra.settings import Unusable

PATIENCE = aiohttp.ClientTimeout(total=None, sock_read=90)
"""Seconds without a word from the door, which itself says after 60 that no agent answers."""


async def chat(url: str, token: str, conversation_id: str | None, console: Console) -> None:
    """Say what is typed, a line at a time, and show what is answered, until there is no more. Raises Unusable."""
    if conversation_id is None:
        conversation_id = str(uuid.uuid4())
        await ask(url, token, "POST", "/v1/commands/conversation.open", {"conversation_id": conversation_id})
    console.print(f"[dim]Conversation {conversation_id}. An empty line ends it.[/]")
    while line := (await asyncio.to_thread(_typed, console)).strip():
        await _exchange(url, token, conversation_id, line, console)


def _typed(console: Console) -> str:
    try:
        return console.input("[bold cyan]you:[/] ")
    except EOFError:
        return ""


async def _exchange(url: str, token: str, conversation_id: str, line: str, console: Console) -> None:
    """Say one line and show the answer, what was done for it, and what it rests on."""
    path = f"/v1/conversations/{conversation_id}"
    text = ""
    try:
        async for event in _run(url, token, path, conversation_id, line):
            if event["type"] == "TEXT_MESSAGE_CONTENT":
                text += event["delta"]
            elif event["type"] == "TOOL_CALL_RESULT":
                _show_receipt(orjson.loads(event["content"]), console)
            elif event["type"] == "RUN_ERROR":
                console.print(f"[red]{escape(event['message'])}")
            elif event["type"] == "CUSTOM":
                console.print("[dim]A person has taken over; their answer is read among the turns.[/]")
            elif event["type"] == "RUN_FINISHED" and text:
                _show(text, event["result"]["citations"], console)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unusable(f"The door went away ({type(error).__name__}): see that `annal api` runs.") from None


def _show(text: str, citations: Sequence[Mapping[str, Any]], console: Console) -> None:
    console.print(Panel(Markdown(text.replace("\n", "  \n")), title="agent", title_align="left"))
    places = ", ".join(f"{each['id']} at {each['place']}" for each in citations[:5])
    if places:
        console.print(f"[dim]from {escape(places)}[/]")


def _show_receipt(receipt: dict[str, Any], console: Console) -> None:
    colour = {"accepted": "green", "pending": "yellow", "rejected": "red"}[receipt["status"]]
    where = receipt["position"] or receipt["code"] or receipt["command_id"]
    console.print(f"[{colour}]{receipt['status']}[/] {receipt['type']} {escape(receipt['subject'])} [dim]{where}[/]")


async def _run(url: str, token: str, path: str, conversation_id: str, line: str) -> AsyncIterator[dict[str, Any]]:
    """Say a line, and give the events of its turn. Raises Unusable."""
    sent = {
        "threadId": conversation_id,
        "runId": str(uuid.uuid4()),
        "messages": [{"id": "1", "role": "user", "content": line}],
        "forwardedProps": {"channel": "cli"},
    }
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers, timeout=PATIENCE) as session,
        session.post(f"{url}{path}/runs", json=sent) as stream,
    ):
        if stream.status != 200:  # noqa: PLR2004 - what HTTP calls success
            raise Unusable((await stream.json()).get("detail") or f"The door answers {stream.status}.")
        async for raw in stream.content:
            if raw.startswith(b"data: "):
                yield orjson.loads(raw[6:])
