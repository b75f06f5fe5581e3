"""Writes the page of who may do what, docs/rights.md, from the code that decides it: `python -m infra.rights`."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import getdoc
from pathlib import Path

from schemas.domains import DOMAINS
from schemas.rights import ASKED_WITH_BODY, QUERIES, RIGHTS, Right, permits
from schemas.role import BUILT_IN
from streams.identity import FORMS, UNTOLD

PAGE = Path("docs/rights.md")

HEAD = """\
# Who may do what

`uv run python -m infra.rights` writes this page from the code that decides, and a test holds it to that.

Whoever asks has permissions, `domain:action`: those of their roles, and where they ask with an API key only those that
its scopes have too. `domain:*` is all of a domain, `*` is all. The door looks at the permission first; then the rules
of the domain, which stand under its name here, decide whose the subject is and with whom it is shared. What one may not
read is not there: 404. What became of a command is told to whoever asked it, and to nobody else. Nobody gives a role, a
right or a key that permits more than they may themselves.

In the tables a role that is built in has ● for what it may do, and ○ where it may only with its own account, and what
belongs to that. *Anybody* may ask what needs no signing in: what is sent proves who may.
"""

FACTS = """\
Who listens hears of what they may know: an auditor (`audit:read`) of all that happened and was refused, others of
resources that they may read now, of kinds (with `kind:read`) and of their own account (with `account:own`). Who manages
projections (`projection:manage`) may ask who listens, too.
"""

CHANNELS = """\
Who talks with the agent in a conversation of their own, by `POST` to `/v1/conversations/{conversation_id}/runs` or over
the socket beside it, needs `conversation:own` as for `conversation.say`; what the agent does for them takes what it
takes above. At `/v1/mcp` every tool takes what its command or query takes, and is listed to who has that.
"""

ROLES = tuple(BUILT_IN)


def page() -> str:
    """Give the page, in Markdown."""
    parts = [HEAD, _roles()]
    for domain in DOMAINS:
        rows = [*_asked(domain.name), *_read(domain.name)]
        parts.append(f"## {domain.name}\n\n{_rules(domain.name)}\n")
        parts.append(_table(rows) if rows else "Nobody asks this themselves.\n")
        inside = [f"`{each.type}`" for each in domain.commands if RIGHTS[each].form == "inside"]
        if inside:
            parts.append(f"Only doors and policies ask {', '.join(inside)}.\n")
    parts.append(f"## facts\n\n{FACTS}\n")
    parts.append(_table(_read("facts")))
    parts.append(f"## channels\n\n{CHANNELS}")
    return "\n".join(parts)


def _roles() -> str:
    rows = [f"| `{name}` | {', '.join(f'`{each}`' for each in may)} |" for name, may in BUILT_IN.items()]
    return "\n".join(["| role | may |", "|---|---|", *rows, ""])


def _asked(domain: str) -> Iterator[tuple[str, str, Right]]:
    rights = {
        **{each.type: RIGHTS[each] for each in ASKED_WITH_BODY},
        **{form.name: form.right for form in FORMS},
        **{form.name: Right(None) for form in UNTOLD},
    }
    for name in sorted(rights):
        if name.startswith(f"{domain}."):
            yield f"`{name}`", domain, rights[name]


def _read(domain: str) -> Iterator[tuple[str, str, Right]]:
    for path, (right, of) in QUERIES.items():
        if of == domain:
            yield f"`GET {path}`", of, right


def _table(rows: Iterable[tuple[str, str, Right]]) -> str:
    head = [
        "| what is asked | permission | for one's own | " + " | ".join(ROLES) + " |",
        "|---|---|---|" + ":-:|" * len(ROLES),
    ]
    return "\n".join([*head, *(_row(*each) for each in rows), ""])


def _row(name: str, domain: str, right: Right) -> str:
    if right.permission is None:
        return f"| {name} | anybody | | " + " | ".join("●" for _ in ROLES) + " |"
    own = f"{domain}:own" if right.own else ""
    cells = (_may(BUILT_IN[role], right.permission, own) for role in ROLES)
    return f"| {name} | `{right.permission}` | {f'`{own}`' if own else ''} | " + " | ".join(cells) + " |"


def _may(permissions: tuple[str, ...], wanted: str, own: str) -> str:
    if permits(permissions, wanted) and not wanted.endswith(":own"):
        return "●"
    return "○" if permits(permissions, own or wanted) else ""


def _rules(domain: str) -> str:
    """Give what the rules of a domain say of themselves."""
    said = getdoc(import_module(f"commands.{domain}")) or ""
    return said.partition("\n\n")[2] or said


if __name__ == "__main__":
    PAGE.write_text(page())
