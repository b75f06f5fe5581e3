"""`python -m tests.model`: what breaks without each protection. With names of protections: the shortest ways to it."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.model.explore import Found, explore
from tests.model.journal import Journal, State, Step
from tests.model.log import follow, tell
from tests.model.rules import NEW, OLD, Protection

RELEASES = {"one release": (NEW, NEW), "two releases": (OLD, NEW)}
WIDTH = 150


def without(*protections: Protection, releases: str) -> Found:
    """Search the protocol without some protections, with one mishap; a writer that never folds again needs none."""
    mishaps = 0 if Protection.AGAIN in protections else 1
    return explore(Journal(*protections, releases=RELEASES[releases], mishaps=mishaps))


def verdict(found: Found) -> Text:
    if found.broken:
        return Text(f"{found.broken.name} broken by {len(found.trace)} steps", "red")
    return Text(f"all hold: {found.states:,} states, {found.seconds:.1f} s", "green")


def overview() -> Table:
    table = Table("", "taken out", *RELEASES, title="The journal protocol without each of its protections")
    for taken_out in ((), *((protection,) for protection in Protection)):
        verdicts = [verdict(without(*taken_out, releases=releases)) for releases in RELEASES]
        names = [(protection.name, protection.value) for protection in taken_out] or [("", "nothing")]
        table.add_row(*names[0], *verdicts)
    return table


def way(found: Found, title: str, releases: tuple[str, str]) -> Table:
    """Show a trace step by step, with the log after each; a `~` stands before a void record."""
    table = Table("", "who", "what", "the log then", title=title, min_width=len(title))
    for number, step in enumerate(found.trace, 1):
        table.add_row(str(number), _who(step, releases), step.what, _log(step.after))
    return table


def _who(step: Step, releases: tuple[str, str]) -> str:
    return "broker" if step.who is None else f"{'AB'[step.who]} ({releases[step.who]})"


def _log(state: State) -> str:
    """Write a log with a `~` before each void record."""
    head, told = 0, []
    for record in state.log:
        counts = bool(follow((record,), head))
        head = record if counts else head
        told.append(tell((record,)) if counts else f"~{tell((record,))}")
    return " ".join(told)


def main(names: list[str]) -> None:
    console = Console(width=WIDTH)
    if not names:
        console.print(overview())
    for protection in (Protection[name] for name in names):
        for releases, pair in RELEASES.items():
            found = without(protection, releases=releases)
            title = f"Without “{protection.value}”, {releases}"
            if found.broken:
                console.print(way(found, f"{title}: {found.broken.name}, “{found.broken.value}”", pair))
            else:
                console.print(f"{title}: ", verdict(found))


if __name__ == "__main__":
    main(sys.argv[1:])
