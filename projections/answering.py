"""How the read door answers: page after page, and once to whoever has that version already."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from projections.cursors import Cursors
from projections.documents import json_body
from projections.door import unknown
from projections.projection import Row
from projections.queries import Page
from projections.terms import Terms

JSON = "application/json"


class Listing:
    """One page of a list: where it begins, and the answer that says where the next one does."""

    def __init__(self, request: Request, said: Terms, query: Page, cursors: Cursors) -> None:
        self._request = request
        self._limit = query.limit
        self._cursors = cursors
        self._scope = [request.url.path, said.actor.id, query.scope()]
        self.after = cursors.read(self._scope, query.cursor) if query.cursor is not None else None

    def answer(self, rows: Sequence[Row], position: str, key: Callable[[Row], list[Any]]) -> Response:
        """Answer with rows, of which one more than asked for says that there is a next page."""
        items, more = rows[: self._limit], len(rows) > self._limit
        following = self._address(self._cursors.write(self._scope, key(items[-1]))) if more else None
        headers = {"Annal-Position": position} if position else {}
        return Response(json_body({"items": items, "next": following}), 200, headers, JSON)

    def _address(self, cursor: str) -> str:
        said = [(name, value) for name, value in self._request.query_params.multi_items() if name != "cursor"]
        return f"{self._request.url.path}?{urlencode([*said, ('cursor', cursor)])}"


def unless_had(said: Terms, version: int, position: str, body: bytes) -> Response:
    """Answer, with no body if the caller has this version already."""
    etag = f'"{version}"'
    headers = {"ETag": etag, "Annal-Position": position, "Cache-Control": "private, no-cache"}
    if said.none_match and said.has(etag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, JSON)


def possible(name: str) -> str:
    """Raise Problem for what can be no name: a NUL fits in no PostgreSQL text."""
    if "\0" in name:
        raise unknown("thing")
    return name
