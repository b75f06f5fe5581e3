"""What is secret in a character's document: found here, and replaced by references that tell nothing.

Secret is all below `secrets`; below other members that are no prose, text whose name says so; and anywhere a text that
is a key by its form.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import orjson

from schemas.message import JsonObject

MARK = "annal:secret:"
"""How a reference begins."""

_PROSE = frozenset(
    {
        "adjectives",
        "bio",
        "documents",
        "knowledge",
        "lore",
        "messageExamples",
        "name",
        "postExamples",
        "style",
        "system",
        "templates",
        "topics",
        "username",
    }
)
_NAME = re.compile(
    r"(api[_-]?key|access[_-]?key|private[_-]?key|secret([_-]?key)?|token|password|passphrase|mnemonic|credentials?)$",
    re.IGNORECASE,
)
# As the services write them whose keys stand in such files: OpenAI and its like, Slack, GitHub, AWS, Google, Telegram,
# Discord; then JSON Web Tokens, keys of chains, PEM, and addresses with a password.
_FORM = re.compile(
    r"sk-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}|AIza[\w-]{35}"
    r"|\d{6,12}:[\w-]{30,}|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}|eyJ[\w-]+\.[\w-]+\.[\w-]*|0x[0-9a-fA-F]{64}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@\S+",
    re.ASCII,
)

_Where = Literal["secrets", "names", "prose"]
"""What is secret in a place: all of it; what a name or a form says; only what a form says."""

_Conceal = Callable[[Any], str]


def concealed(document: JsonObject, refer: Callable[[str], str]) -> tuple[JsonObject, dict[str, str]]:
    """Give a document with references in place of its secrets, and the secrets, as JSON, by their references.

    `refer` makes the rest of a reference of a secret's JSON. References that stand there already stay.
    """
    secrets: dict[str, str] = {}

    def conceal(value: Any) -> str:
        text = orjson.dumps(value).decode()
        reference = MARK + refer(text)
        secrets[reference] = text
        return reference

    return {name: _searched(value, _top(name), conceal, name) for name, value in document.items()}, secrets


def revealed(document: JsonObject, secrets: Mapping[str, str]) -> JsonObject:
    """Give a document with the secrets that are known in place of their references."""
    found: JsonObject = _revealed(document, secrets)
    return found


def references(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Give each reference that stands in a document, with the JSON pointer (RFC 6901) to where."""
    if isinstance(value, str) and value.startswith(MARK):
        yield pointer, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from references(each, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from references(each, f"{pointer}/{n}")


def _top(name: str) -> _Where:
    return "prose" if name in _PROSE else _below(name, "names")


def _below(name: str, where: _Where) -> _Where:
    return "secrets" if where == "names" and name == "secrets" else where


def _searched(value: Any, where: _Where, conceal: _Conceal, name: str) -> Any:
    if isinstance(value, dict):
        return {word: _searched(each, _below(word, where), conceal, word) for word, each in value.items()}
    if isinstance(value, list):
        return [_searched(each, where, conceal, name) for each in value]
    return conceal(value) if _is_secret(value, where, name) else value


def _is_secret(value: Any, where: _Where, name: str) -> bool:
    if not isinstance(value, str):
        return where == "secrets" and value is not None and not isinstance(value, bool)
    if not value or value.startswith(MARK):
        return False
    named = where == "names" and _NAME.search(name) is not None
    return where == "secrets" or named or _FORM.fullmatch(value) is not None


def _revealed(value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _revealed(each, secrets) for name, each in value.items()}
    if isinstance(value, list):
        return [_revealed(each, secrets) for each in value]
    return orjson.loads(secrets[value]) if isinstance(value, str) and value in secrets else value
