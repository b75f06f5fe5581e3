"""Every domain, and every class that may stand on a topic, by its type on the wire."""

from schemas import kind, resource
from schemas.message import Command, CommandRejected, CommandUnchanged, Domain, Fact

DOMAINS: tuple[Domain, ...] = (kind.DOMAIN, resource.DOMAIN)

EVERYWHERE: tuple[type[Fact], ...] = (CommandUnchanged, CommandRejected)
"""The facts that stand in the journals of all domains, beside the domain's own."""

COMMANDS: dict[str, type[Command]] = {command.type: command for domain in DOMAINS for command in domain.commands}

FACTS: dict[str, type[Fact]] = {
    fact.type: fact for fact in (*EVERYWHERE, *(fact for domain in DOMAINS for fact in domain.facts))
}
