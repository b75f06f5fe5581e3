"""An OpenAI-compatible endpoint on this machine that answers as it is told, and misbehaves where it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]

FLOOD = 10 * 1024 * 1024


@dataclass
class Endpoint:
    """An endpoint that gives its answers one after another, the last one for ever; `asked` is what it was asked."""

    url: str = ""
    script: list[Answers] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def answers(self, *script: Answers) -> "Endpoint":
        self.script, self.asked = list(script), []
        return self

    def read(self, call: int = 0) -> str:
        """Give all that was told to the model in a call."""
        return "\n".join(each["content"] for each in self.asked[call]["messages"])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await answer(request)


@asynccontextmanager
async def running() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    async with serving(endpoint.handle) as url:
        endpoint.url = url
        yield endpoint


@asynccontextmanager
async def serving(handle: Answers, port: int = 0) -> AsyncIterator[str]:
    """Let completions be answered at a port of this machine, 0 for any; give where. Raises OSError if it is taken."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _completion(message: dict[str, Any], **usage: int) -> dict[str, Any]:
    counts = {"prompt_tokens": 2_000, "completion_tokens": 20, "total_tokens": 2_020} | usage
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
    return {
        "id": "1", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice], "usage": counts
    }  # fmt: skip


def writes(text: str, **usage: int) -> Answers:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(_completion({"content": text}, **usage))

    return answer


def says(move: str, **more: Any) -> Answers:
    """Say a move as it should be said."""
    return writes(json.dumps({"move": move, **more}))


async def calls_a_tool(_: web.Request) -> web.StreamResponse:
    """Call a tool that nobody offered."""
    function = {"name": "resource.trash", "arguments": '{"resource_id": "invoice-7"}'}
    message = {"content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    return web.json_response(_completion(message))


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


async def cuts(request: web.Request) -> web.StreamResponse:
    """Close the connection in the midst of the body."""
    text = json.dumps(_completion({"content": '{"move": "cancel"}'})).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text))})
    await response.prepare(request)
    await response.write(text[: len(text) // 2])
    assert request.transport is not None  # noqa: S101 - a request that is answered has one
    request.transport.abort()
    return response


async def trickles(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def floods(request: web.Request) -> web.StreamResponse:
    """Send ten megabytes, with no length said before."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"message": {"role": "assistant", "content": "')
    for _ in range(FLOOD // 65_536):
        await response.write(b"a" * 65_536)
    await response.write(b'"}}]}')
    return response


async def packs(_: web.Request) -> web.StreamResponse:
    """Send as much, packed into some kilobytes."""
    response = web.Response(body=b'{"choices": "' + b"a" * FLOOD + b'"}', content_type="application/json")
    response.enable_compression(web.ContentCoding.gzip)
    return response


async def fails(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "overloaded"}}, status=503)


async def sends_elsewhere(_: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "/v1/elsewhere"})


async def is_no_json(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Welcome to nginx</html>", content_type="text/html")


async def has_no_choices(_: web.Request) -> web.StreamResponse:
    return web.json_response(_completion({}) | {"choices": []})


async def is_nested(_: web.Request) -> web.StreamResponse:
    return web.Response(text='{"a":' * 30_000, content_type="application/json")
