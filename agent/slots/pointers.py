"""Fields of things, as JSON pointers (RFC 6901): `who changed the amount` is about `/attributes/amount`."""

import re

from agent.slots.said import Found, Said
from schemas.message import JsonObject

OF_ITSELF = frozenset(("name", "tags", "owner", "viewers", "editors", "kind", "kind_version", "trashed", "attributes"))
"""The fields that every resource has; the others are attributes of its kind."""

_POINTER = re.compile(r"(?<!\S)(?:/[\w~.-]{1,60}){1,10}")
_BEFORE = r"changed|set|changes?\s+(?:of|to|in)|values?\s+of|track|trace|for|was|is|field|the|its|blame for"
_NO_FIELD = r"the|its|it|field|of|by|this|that|values?|history|changes?|former|subject|version|last|first"
_AFTER = r"[?.!,]|$|\x00|(?:of|in|on|before|like|since|and|changed|over)\b"
_CHANGED = re.compile(
    rf"\b(?:{_BEFORE})\s+(?:field\s+)?(?:the\s+|its\s+)?(?!(?:{_NO_FIELD})\b)(\x01+|[a-z_]\w{{0,60}})(?=\s*(?:{_AFTER}))",
    re.IGNORECASE,
)


def is_pointer(schema: JsonObject) -> bool:
    return schema.get("type") == "string" and "JSON pointer" in schema.get("description", "")


def pointer(said: Said) -> Found | None:
    """Find a field: a pointer as it is written, or a name after what is asked of it."""
    written = said.search(_POINTER)
    if written is not None:
        return Found(written.group(), written.span())
    named = said.search(_CHANGED)
    if named is None:
        return None
    piece = said.piece(named.span(1))
    name = str(piece.value).lower()
    name = name if name not in ("tag", "viewer", "editor") else f"{name}s"
    return Found(f"/{name}" if name in OF_ITSELF else f"/attributes/{piece.value}", piece.span)
