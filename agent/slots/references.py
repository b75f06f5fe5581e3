"""Which things a text speaks of: by id, by name, nearly so, by a pronoun, or by choosing one of those just offered."""

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.actions.action import Action
from agent.actions.english import NOUNS, VERBS
from agent.slots.filled import Span
from agent.slots.gazetteer import Gazetteer, Mention
from agent.slots.numbers import ORDINALS
from agent.slots.said import Found, Said
from agent.slots.thing import Context, Thing

DOMAINS = {
    "account": "account",
    "actor": "account",
    "on_behalf_of": "account",
    "owner": "account",
    "key": "apikey",
    "subject": "",
}
"""Of which domain a parameter names things that is not called as the domain is; the empty one is any."""

NAMED = ("kind", "role")
"""Domains whose ids are words that people choose, and say as they are."""

DIRECTED = {
    "account": r"with|to|for|from|of|let|make|give|allow|invite|remove|take|off|grant|show|by|is|that",
    "owner": r"by|of|owned by|belonging to|owner",
    "actor": r"by|did|has|by whom|actor",
    "on_behalf_of": r"behalf of|for",
}
"""The words before a name that say which parameter it is, where an action has several of one domain."""

_ID = re.compile(r"(?<![\w@.:-])(?=[\w@.:-]*\d)[A-Za-z0-9]\w*(?:[.:@-]\w+)+(?![\w@])")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}(?!\w)")
_ME = re.compile(r"\b(?:me|myself)\b(?!\s+(?:the|a|an|my|all|who|what|which|how|about|everything)\b)", re.IGNORECASE)
_MY_ACCOUNT = re.compile(
    r"\bmy\s+(?:own\s+)?(?:account|user|data|profile|personal data|devices|sessions)\b"
    r"|\b(?:sign|log)\s+(me)\s+out\b|\bsessions?\s+(I)\s+have\b",
    re.IGNORECASE,
)
_MINE = re.compile(r"\bmy\s+(?:own\s+)?\w+s\b|\bI own\b|\bmine\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:him|her|them|they|he|she)\b", re.IGNORECASE)
_IT = re.compile(
    r"\b(?:it|its|this one|that one|the same(?: one)?)\b|\b(?:this|that)(?=\s*(?:$|[,.;!?\x00]))", re.IGNORECASE
)
_OTHER = re.compile(r"\b(?:the )?other(?: one)?\b", re.IGNORECASE)
_PLACE = re.compile(
    rf"\b(?:the\s+)?({'|'.join(ORDINALS)}|last)(?:\s+one)?\b(?!\s+version)|\bnumber\s+(\d{{1,2}})\b|^\W*(\d{{1,2}})\W*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w@.:'-]+")
_EMPTY = frozenset(
    "a an the this that these those it its my your our his her their me i you we he she they him them us and or but of "
    "to in on at by for from with off into as is are was were be been do does did done has have had can could may might "
    "will would shall should must not no yes please now then there here what which who whom whose when where how why all "
    "any some every more new old one ones other same last first next called named let's i'd want need like go ahead "
    "ever anymore longer access about see seen look".split()
)
_VERBS = frozenset(verb.asks[0].split()[0] for verb in VERBS.values() if verb.asks) | frozenset(
    ask.split()[0].casefold() for verb in VERBS.values() for ask in verb.asks
)
LONGEST_PIECE = 4
MOST_PIECES = 24


def domain_of(parameter: str) -> str | None:
    """Say of which domain a parameter names a thing; the empty one is any, None that it names none."""
    name = parameter.removesuffix("_id")
    if name in DOMAINS:
        return DOMAINS[name]
    return name if name in NOUNS or name in NAMED else None


def references(action: Action) -> dict[str, str]:
    """Give the parameters of an action that name things, with their domains; one that offers a choice names none."""
    found = {name: domain_of(name) for name in action.properties if "enum" not in action.schema(name)}
    return {
        name: domain for name, domain in found.items() if domain is not None and action.schema(name)["type"] == "string"
    }


class References:
    """The search for the things that an action's parameters name, in one text."""

    def __init__(self, action: Action, said: Said, known: Gazetteer, context: Context) -> None:
        self._action, self._said, self._known, self._context = action, said, known, context
        self._wanted = references(action)
        self.values: dict[str, str] = {}
        self.ambiguous: dict[str, tuple[Thing | str, ...]] = {}
        self.invalid: dict[str, str] = {}

    def find(self) -> None:
        """Look for what is named outright before what is only hinted at."""
        self._labelled()
        self._mentioned()
        self._myself()
        self._verbatim()
        for parameter in self._open():
            self._chosen(parameter)
        for parameter in self._open():
            self._pronoun(parameter)
        for parameter in self._open():
            self._nearly(parameter)

    def _open(self) -> list[str]:
        return [name for name in self._wanted if name not in self.values and name not in self.ambiguous]

    def _labelled(self) -> None:
        """Take a word that stands after the name of its parameter, of a domain whose ids are words: the role clerk."""
        for parameter, domain in self._wanted.items():
            if domain in NAMED:
                label = re.compile(
                    rf"\b{domain}\s+(?:called\s+|named\s+|=\s*|:\s*)?(\x01+|[a-z][\w.-]*)", re.IGNORECASE
                )
                found = self._said.search(label)
                if found is not None and found[1].casefold() not in _EMPTY:
                    piece = self._said.piece(found.span(1))
                    self._take(parameter, str(piece.value), piece.span)

    def _mentioned(self) -> None:
        """Give each thing whose id or name stands in the text to a parameter of its domain."""
        if self._action.subject is not None and self._action.subject not in self._action.required:
            # What an action brings into being is not there yet.
            wanted = {name: domain for name, domain in self._wanted.items() if name != self._action.subject}
        else:
            wanted = self._wanted
        for mention in [*self._quoted(), *self._known.mentions(self._said.open)]:
            self._assign(mention, {name: domain for name, domain in wanted.items() if name in self._open()})

    def _quoted(self) -> Iterator[Mention]:
        for start, text in self._said.quotations.items():
            for mention in self._known.mentions(text):
                yield Mention(mention.things, (start, start + len(text) + 2))

    def _assign(self, mention: Mention, wanted: dict[str, str]) -> None:
        fitting = {
            name: things
            for name, domain in wanted.items()
            if (things := tuple(thing for thing in mention.things if domain in ("", thing.domain)))
        }
        if not fitting or "\x00" in self._said.open[slice(*mention.span)]:
            return
        parameter = self._directed(mention.span, fitting) if len(fitting) > 1 else next(iter(fitting))
        self._settle(parameter, fitting[parameter], mention.span)

    def _directed(self, span: Span, fitting: Iterable[str]) -> str:
        """Say which of several parameters a name is for: by the words before it, else the first that is open."""
        before = self._said.open[max(0, span[0] - 30) : span[0]]
        for name in fitting:
            if name in DIRECTED and re.search(
                rf"\b(?:{DIRECTED[name]})\s+(?:the\s+)?(?:\w+\s+)?$", before, re.IGNORECASE
            ):
                return name
        return next(iter(fitting))

    def _settle(self, parameter: str, things: Sequence[Thing], span: Span) -> None:
        ids = {(thing.domain, thing.id) for thing in things}
        if len(ids) == 1:
            self._take(parameter, things[0].id, span)
        else:
            self.ambiguous[parameter] = tuple(things)
            self._said.take(parameter, span)

    def _take(self, parameter: str, value: str, span: Span) -> None:
        self.values[parameter] = value
        self._said.take(parameter, span)

    def _myself(self) -> None:
        if self._context.me is None:
            return
        for parameter in self._open():
            if self._wanted[parameter] != "account":
                continue
            mine = _MINE if parameter == "owner" else _MY_ACCOUNT
            found = self._said.search(mine) or (self._said.search(_ME) if parameter == "account" else None)
            if found is not None:
                self._take(parameter, self._context.me, found.span())

    def _verbatim(self) -> None:
        """Take what looks like an id though no such thing is seen: whoever says it knows it, and the door knows better."""
        for parameter in self._open():
            address = self._said.search(_ADDRESS)
            if address is not None and self._wanted[parameter] == "account":
                self.invalid[parameter] = (
                    f"You see no account with the address {address.group()}; say the account's name or id."
                )
                self._said.take(parameter, address.span())
                continue
            found = self._said.search(_ID)
            near = found and self._known.likely([(found.group(), found.span())], self._domains(parameter))
            if found is None or (near is not None and near.things and _same_figures(found.group(), near.things[0])):
                continue
            if parameter == self._action.subject or self._wanted[parameter] == "account":
                self._take(parameter, found.group(), found.span())

    def _chosen(self, parameter: str) -> None:
        """Understand which of those just offered is meant, or that the one before is."""
        offered = [thing for thing in self._context.candidates if self._fits(parameter, thing)]
        other = self._said.search(_OTHER)
        if other is not None:
            before = [thing for thing in self._context.mentioned if self._fits(parameter, thing)]
            now = before[:1]
            rest = [thing for thing in offered or before[:2] if thing not in now]
            if len(rest) == 1:
                self._take(parameter, rest[0].id, other.span())
            elif rest:
                self.ambiguous[parameter] = tuple(rest)
                self._said.take(parameter, other.span())
            return
        place = self._said.search(_PLACE) if offered else None
        if place is not None:
            at = (
                len(offered)
                if (place[1] or "").lower() == "last"
                else int(place[2] or place[3] or ORDINALS[place[1].lower()])
            )
            if 1 <= at <= len(offered):
                self._take(parameter, offered[at - 1].id, place.span())

    def _pronoun(self, parameter: str) -> None:
        """Let `it`, `that invoice` and `her` be what was spoken of last, and `the invoice` the only one there is."""
        spoken = [thing for thing in self._context.mentioned if self._fits(parameter, thing)]
        pronoun = self._said.search(_PERSON if self._wanted[parameter] == "account" else _IT)
        if pronoun is not None and (parameter == self._action.subject or self._wanted[parameter] == "account"):
            if spoken:
                self._take(parameter, spoken[0].id, pronoun.span())
            return
        if parameter != self._action.subject or parameter not in self._action.required:
            return
        for noun, span in self._described(parameter):
            of_kind = [thing for thing in spoken if thing.kind == noun] or spoken * (noun not in self._kinds())
            if of_kind:
                self._take(parameter, of_kind[0].id, span)
                return

    def _described(self, parameter: str) -> Iterator[tuple[str, Span]]:
        """Find where a thing is spoken of as what it is: this report, the invoice, my key."""
        nouns = {*NOUNS.get(self._wanted[parameter], (self._wanted[parameter],)), *self._kinds()} - {""}
        if not nouns:
            return
        names = "|".join(re.escape(noun) for noun in sorted(nouns, key=len, reverse=True))
        described = re.compile(rf"\b(?:this|that|the|my|the same)\s+({names})\b", re.IGNORECASE)
        for found in described.finditer(self._said.open):
            yield found[1].lower(), found.span()

    def _nearly(self, parameter: str) -> None:
        """Look for what is misspelt, or named by a part of its name; of what is not sure, the person chooses."""
        if parameter == self._action.subject and parameter not in self._action.required:
            return
        if parameter not in self._action.required and parameter not in DIRECTED:
            return
        likely = self._known.likely(self._pieces(), self._domains(parameter))
        if likely is not None:
            if likely.surely:
                self._take(parameter, likely.things[0].id, likely.span)
            else:
                self.ambiguous[parameter] = likely.things
                self._said.take(parameter, likely.span)
            return
        for noun, span in self._described(parameter):
            of_kind = [
                thing for thing in self._known.things if self._fits(parameter, thing) and noun in ("", thing.kind)
            ]
            if 1 < len(of_kind) <= MOST_OF_KIND or len(of_kind) == 1:
                self._settle(parameter, of_kind, span)
                return

    def _pieces(self) -> list[tuple[str, Span]]:
        """Give the runs of words that may name something, the longest first."""
        words = [found for found in _WORD.finditer(self._said.open)]
        runs = []
        for at, first in enumerate(words):
            for last in words[at : at + LONGEST_PIECE]:
                between = self._said.open[first.end() : last.start()] if last is not first else ""
                if self._is_empty(last.group()) or "\x00" in between or "\x01" in between:
                    break
                runs.append((self._said.open[first.start() : last.end()], (first.start(), last.end())))
        quoted = [(text, (start, start + len(text) + 2)) for start, text in self._said.quotations.items()]
        return [*quoted, *sorted(runs[: 4 * MOST_PIECES], key=lambda run: -len(run[0]))][:MOST_PIECES]

    def _is_empty(self, word: str) -> bool:
        folded = word.casefold()
        nouns = {noun for names in NOUNS.values() for noun in names}
        return (
            folded in _EMPTY
            or folded in _VERBS
            or folded in nouns
            or folded in self._kinds()
            or folded in _labels(self._action)
        )

    def _kinds(self) -> set[str]:
        return {thing.kind for thing in self._known.things} | {thing.kind for thing in self._context.mentioned}

    def _domains(self, parameter: str) -> tuple[str, ...]:
        domain = self._wanted[parameter]
        return (domain,) if domain else tuple({thing.domain for thing in self._known.things})

    def _fits(self, parameter: str, thing: Thing) -> bool:
        return self._wanted[parameter] in ("", thing.domain)


MOST_OF_KIND = 5


def _labels(action: Action) -> set[str]:
    return {word for name in action.properties for word in (name, *name.split("_"))}


def _same_figures(said: str, thing: Thing) -> bool:
    return re.findall(r"\d+", said) in (re.findall(r"\d+", thing.id), re.findall(r"\d+", thing.name))
