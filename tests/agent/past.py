"""The past of one resource as several people made it, and what is right to say of it: computed, not asked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.agent.at import NOW, Answers

ID = "invoice-7"


@dataclass(frozen=True)
class State:
    """What a resource is."""

    name: str
    owner: str
    amount: int
    tags: tuple[str, ...] = ()
    trashed: bool = False

    def field(self, pointer: str) -> Any:
        return {
            "/name": self.name,
            "/owner": self.owner,
            "/attributes/amount": self.amount,
            "/tags": list(self.tags),
            "/trashed": self.trashed,
        }[pointer]


@dataclass(frozen=True)
class Deed:
    """What somebody did, as what, and what the resource was then."""

    number: int
    type: str
    by: str
    before: State | None
    after: State

    @property
    def position(self) -> str:
        return f"resource:6:{self.number * 3}"

    @property
    def time(self) -> datetime:
        return NOW - timedelta(days=400) + timedelta(hours=5, seconds=7) * self.number

    def changed(self, pointer: str) -> bool:
        return self.before is None or self.before.field(pointer) != self.after.field(pointer)

    def was(self, pointer: str) -> Any:
        return self.before.field(pointer) if self.before is not None else None

    @property
    def row(self) -> dict[str, Any]:
        """What the read door says of it."""
        return {
            "type": self.type,
            "actor": {"id": self.by, "via": "session:s", "on_behalf_of": None},
            "time": self.time.isoformat(),
            "version": self.number + 1,
            "position": self.position,
            "command_id": f"command-{self.number}",
            "correlation_id": f"request-{self.number}",
            "causation_id": None,
        }


class Past:
    """Deeds in their order, the first of which made the resource."""

    def __init__(self, by: str, name: str, amount: int) -> None:
        self.deeds = [Deed(0, "resource.registered", by, None, State(name, by, amount))]

    @property
    def now(self) -> State:
        return self.deeds[-1].after

    def did(self, by: str, type_: str, **changed: Any) -> None:
        self.deeds.append(Deed(len(self.deeds), type_, by, self.now, replace(self.now, **changed)))

    def newest(self, *types: str) -> Deed | None:
        """The last deed of one of these types, of any if none is named."""
        return next((deed for deed in reversed(self.deeds) if not types or deed.type in types), None)

    def changed(self, pointer: str) -> Deed:
        """The deed that made a field what it is."""
        return next(deed for deed in reversed(self.deeds) if deed.changed(pointer))

    def doors(self) -> Answers:
        """Doors that tell this past a page at a time, as those of the platform do."""
        path = f"/v1/resources/{ID}"
        return Answers({path: self._read, f"{path}/history": self._history, f"{path}/changes": self._changes})

    def _read(self, _query: Any) -> Any:
        now = self.now
        return {"resource_id": ID, "name": now.name, "owner": now.owner, "attributes": {"amount": now.amount}}

    def _history(self, query: Any) -> Any:
        return _page([deed.row for deed in self.deeds], query)

    def _changes(self, query: Any) -> Any:
        field = query["field"]
        rows = [
            deed.row | {"before": deed.was(field), "after": deed.after.field(field)}
            for deed in self.deeds
            if deed.changed(field)
        ]
        return _page(rows, query)


def _page(rows: list[Any], query: Any) -> Any:
    """Give a page, the newest first, and the address of the next; its cursor is how many were told."""
    told, limit = int(query.get("cursor", 0)), int(query["limit"])
    items = rows[::-1][told : told + limit]
    return {
        "items": items,
        "next": f"/v1/here?limit={limit}&cursor={told + limit}" if told + limit < len(rows) else None,
    }
