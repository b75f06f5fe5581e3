"""`annal access`: Kafka's users and their rights are made as infra/access.py says, or compared with it."""

import asyncio
import secrets
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from infra import access, kafka
from infra.access import USERS, Difference, Right
from infra.authorizer import Authorizer
from infra.settings import Settings, Unusable


def run(settings: Settings, console: Console, *, check: bool) -> int:
    """Make users and rights as they must be, or only look at them if told to `check`; the exit code."""
    authorizer = _authorizer(settings)
    differences = access.compare(authorizer.rights())
    there = authorizer.users()
    missing = [user for user in USERS if user not in there]
    if not (missing or differences):
        console.print(f"{len(USERS)} users with {len(access.rights())} rights are as they must be.")
        return 0
    if not check:
        _mend(settings, authorizer, differences, missing)
    console.print(_table(missing, differences, check=check))
    if missing and not check:
        console.print(f"Each has its password in {_directory(settings)}, as settings.", soft_wrap=True)
    return int(check or any(each.what == "of a stranger" for each in differences))


def rotate(settings: Settings, console: Console, user: str) -> int:
    """Give a user a new password in place of the old one; the exit code."""
    if user not in USERS:
        raise Unusable(f"{user} is none of Annal's users of Kafka: choose one of {', '.join(USERS)}.")
    _give_password(settings, _authorizer(settings), user)
    console.print(f"{user} has a new password in {_directory(settings)}; what is connected stays so.", soft_wrap=True)
    return 0


def _authorizer(settings: Settings) -> Authorizer:
    # It says sooner and better than confluent-kafka what keeps one from Kafka.
    asyncio.run(kafka.check(settings))
    return Authorizer(settings)


def _mend(settings: Settings, authorizer: Authorizer, differences: Iterable[Difference], missing: list[str]) -> None:
    """Give and take away rights, and make users, of which each may then do at once what it must."""
    authorizer.grant([each.right for each in differences if each.what == "missing"])
    authorizer.withdraw([each.right for each in differences if each.what == "too much"])
    for user in missing:
        _give_password(settings, authorizer, user)


def _give_password(settings: Settings, authorizer: Authorizer, user: str) -> None:
    """Keep a new password as settings in a file that nobody else may read, and tell Kafka."""
    path = _directory(settings) / f"{user}.env"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = secrets.token_urlsafe(32)
    # Whenever this is cut short, one of the two files has the password that Kafka knows.
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(f"ANNAL_KAFKA_SASL_USERNAME={user}\nANNAL_KAFKA_SASL_PASSWORD={password}\n")
    authorizer.set_password(user, password)
    new.replace(path)


def _directory(settings: Settings) -> Path:
    return settings.data_dir / "access"


def _table(missing: Iterable[str], differences: Iterable[Difference], *, check: bool) -> Table:
    done = {} if check else {"missing": "given", "too much": "taken away"}
    table = Table("user", "may", "on", "", box=SIMPLE)
    for user in missing:
        table.add_row(user, "sign in", "", "[red]missing" if check else "[green]created")
    for (what, user, operation, resource), some in groupby(differences, _kind):
        names = ", ".join(access.short(_name(each.right) for each in some))
        said = f"[green]{done[what]}" if what in done else f"[red]{what}"
        table.add_row(user, operation, f"{resource} {names}", said)
    return table


def _kind(difference: Difference) -> tuple[str, str, str, str]:
    right = difference.right
    operation = right.operation if right.permission == "allow" else f"not {right.operation}"
    return difference.what, right.principal.removeprefix("User:"), operation, right.resource


def _name(right: Right) -> str:
    name = f"{right.name}*" if right.pattern == "prefixed" else right.name
    return name if right.host == "*" else f"{name} from {right.host}"
