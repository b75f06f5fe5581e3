"""The agent's way to everything: it asks the doors as anybody does, in the name of the person it speaks with.

The doors run in the agent's own process, behind no gate: who asks is said by us, and what they may is decided there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import orjson
from starlette.types import ASGIApp, Message

from infra.auth import CALLER, CAUSE, Caller, Cause
from schemas.problems import Problem

WAIT = "wait=5"
"""How long the agent waits for an outcome before it says that it was asked for."""


class Answer(NamedTuple):
    """What a door answered: its status, headers by their names in small letters, and what the JSON says."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def good(self) -> bool:
        return self.status < 300  # noqa: PLR2004 - what HTTP calls success

    @property
    def unsure(self) -> bool:
        """Whether asking again may be answered otherwise; what was decided, even by a broken rule, has a position."""
        decided = isinstance(self.body, dict) and self.body.get("position") is not None
        return passes(self.status) and not decided

    @property
    def code(self) -> str | None:
        """The stable code of a problem."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def detail(self) -> str:
        """What a problem says to do."""
        return str(self.body.get("detail") or self.body.get("reason") or "") if isinstance(self.body, dict) else ""


@dataclass
class Doors:
    """Asks an ASGI app for a caller, because of a fact if one is named; `reached` is known to all that is read.

    With `waits`, what cannot be known for now is raised as Problem: who waits and asks again is told in the end.
    """

    app: ASGIApp
    caller: Caller
    cause: Cause | None
    reached: list[str] = field(default_factory=list)
    waits: bool = False

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        """Read what the caller may read."""
        said = urlencode({name: value for name, value in (query or {}).items() if value is not None}, doseq=True)
        headers = {"annal-min-position": ",".join(self.reached)} if self.reached else {}
        return await self._ask("GET", path, said, headers, b"")

    async def post(self, type_: str, body: Mapping[str, Any], key: str | None, version: int | None = None) -> Answer:
        """Ask a command and wait for its outcome; asked again with one key it is the same command."""
        headers = {"content-type": "application/json", "prefer": WAIT}
        if key is not None:
            headers["idempotency-key"] = key
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = await self._ask("POST", f"/v1/commands/{type_}", "", headers, orjson.dumps(body))
        if isinstance(answer.body, dict) and answer.body.get("position"):
            self.reached.append(answer.body["position"])
        return answer

    async def _ask(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": None,
            "server": None,
            "state": {},
            CALLER: self.caller,
            CAUSE: self.cause,
        }
        answer = await _answer(self.app, scope, body)
        if self.waits and answer.unsure:
            raise Problem(answer.code or "unexpected", answer.detail or "A door does not answer as it should.")
        return answer


async def _answer(app: ASGIApp, scope: dict[str, Any], body: bytes) -> Answer:
    """Run one request through an app."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    begun = told[0]
    text = b"".join(message.get("body", b"") for message in told[1:])
    headers = {name.decode().lower(): value.decode() for name, value in begun["headers"]}
    return Answer(begun["status"], headers, orjson.loads(text) if text else None)


def passes(status: int) -> bool:
    """Say whether what keeps a request from being answered passes by itself, by its HTTP status."""
    return status >= 500 or status == 429  # noqa: PLR2004 - what HTTP calls so


def cursor_of(following: str | None) -> str | None:
    """Give the cursor of the page that follows, whose address an answer has as its `next`; None after the last."""
    return parse_qs(urlsplit(following).query)["cursor"][0] if following is not None else None


def path_of(template: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put values into the places of a path, and give it with those that have no place in it."""
    rest = dict(values)
    path: Sequence[str] = [
        _step(rest.pop(step[1:-1])) if step.startswith("{") else step for step in template.split("/")
    ]
    return "/".join(path), rest


def _step(value: Any) -> str:
    """A slash would lead elsewhere; no id has one, so nothing is found by what it becomes."""
    return str(value).replace("/", "%2F")
