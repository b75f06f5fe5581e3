"""Which things a text speaks of: by id, by name, nearly so, by a pronoun, or by choosing one of those just offered."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from agent.actions.action import Action
from agent.actions.english import NOUNS
from agent.slots import pronouns
from agent.slots.filled import Span
from agent.slots.gazetteer import CHOICES, Gazetteer, Mention, folded
from agent.slots.naming import DIRECTED, NAMED, directed, is_made, references
from agent.slots.pieces import EMPTY, pieces
from agent.slots.said import TAKEN, Said
from agent.slots.thing import Context, Thing

_ID = re.compile(
    r"(?<![\w@.:-])(?!\d{4}-\d{2}-\d{2}|[a-z]+:\d+:\d)(?=[\w@.:-]*\d)(?=[\w@.:-]*[A-Za-z])[A-Za-z0-9]\w*"
    r"(?:[.:@-]\w+)+(?![\w@])"
)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}(?!\w)")
_FIGURES = re.compile(r"\d+")
_WORD = re.compile(r"^\W*([a-z][\w.-]*)\W*$", re.IGNORECASE)


class References:
    """The search for the things that an action's parameters name, in one text."""

    def __init__(self, action: Action, said: Said, known: Gazetteer, context: Context) -> None:
        self._action, self._said, self._known, self._context = action, said, known, context
        self._wanted = references(action)
        self.values: dict[str, str] = {}
        self.ambiguous: dict[str, tuple[Thing | str, ...]] = {}
        self.invalid: dict[str, str] = {}
        self.domain: str | None = None
        self._meant: dict[str, list[Thing]] = {}

    def find(self) -> None:
        """Look for what is named outright before what is only hinted at."""
        self._labelled()
        self._kind_of_several()
        self._mentioned()
        self._each(self._myself, self._unknown_address)
        self._verbatim()
        self._each(self._chosen, self._pronoun, self._nearly, self._described)

    def _each(self, *looks: Callable[[str], None]) -> None:
        for look in looks:
            for parameter in self._open():
                look(parameter)

    def _open(self) -> list[str]:
        settled = {*self.values, *self.ambiguous, *self.invalid}
        return [name for name in self._wanted if name not in settled]

    # ── named outright ───────────────────────────────────────────────────────────────────────────────────────────────

    def _labelled(self) -> None:
        """Take a word that stands after the name of its parameter, of a domain whose ids are words: the role clerk."""
        for parameter, domain in self._wanted.items():
            if domain not in NAMED:
                continue
            introduced = r"\s+(?:called\s+|named\s+)|\s*[=:]\s*|\s+(?=\x01)"
            bare = "" if parameter == self._action.subject and self._action.effect != "changes" else r"|\s+"
            label = rf"\b{domain}(?:{introduced}{bare})(\x01+|[a-z][\w.-]*)"
            found = self._said.search(re.compile(label, re.IGNORECASE))
            if found is None and self._context.asked == parameter:
                found = self._said.search(_WORD)
            if found is not None and found[1].casefold() not in EMPTY:
                piece = self._said.piece(found.span(1))
                self._take(parameter, str(piece.value), piece.span)

    def _kind_of_several(self) -> None:
        """Let `the invoices` be those of a kind, where an action takes one to narrow things down."""
        kinds = [thing.id for thing in self._known.things if thing.domain == "kind"]
        if kinds and "kind" in self._open() and self._action.subject is None:
            several = re.compile(rf"\b({'|'.join(map(re.escape, kinds))})s\b", re.IGNORECASE)
            found = self._said.search(several)
            if found is not None:
                self._take("kind", found[1].lower(), found.span())

    def _mentioned(self) -> None:
        """Give each thing whose id or name stands in the text to a parameter of its domain.

        Where there are more than parameters, the person chooses: an action is about one of them.
        """
        for mention in self._known.mentions(self._said.open):
            fitting = self._fitting(mention, self._open()) or self._fitting(mention, self._meant)
            if fitting:
                parameter = directed(self._said.open[: mention.span[0]], fitting)
                self._settle(parameter, [*self._meant.get(parameter, ()), *fitting[parameter]], mention.span)
                self._meant[parameter] = [*self._meant.get(parameter, ()), *fitting[parameter]]
        for mention in self._quoted():
            fitting = self._fitting(mention, self._open())
            if fitting:
                parameter = directed(self._said.open[: mention.span[0]], fitting)
                self._settle(parameter, fitting[parameter], mention.span)

    def _fitting(self, mention: Mention, parameters: Iterable[str]) -> dict[str, list[Thing]]:
        """Give the parameters that a mention may be for, with the things that it then means."""
        if TAKEN in self._said.open[slice(*mention.span)]:
            return {}
        fitting = {name: [thing for thing in mention.things if self._fits(name, thing)] for name in parameters}
        return {name: things for name, things in fitting.items() if things and not is_made(self._action, name)}

    def _quoted(self) -> Iterator[Mention]:
        """Find the things whose id or name stands in quotation marks, alone."""
        for start, text in self._said.quotations.items():
            for mention in self._known.mentions(text):
                if folded(text) == folded(text[slice(*mention.span)]):
                    yield Mention(mention.things, (start, start + len(text) + 2))

    def _myself(self, parameter: str) -> None:
        if self._context.me is not None and self._wanted[parameter] == "account":
            span = pronouns.myself(self._said, parameter)
            if span is not None:
                self._take(parameter, self._context.me, span)

    def _unknown_address(self, parameter: str) -> None:
        address = self._said.search(_ADDRESS)
        if address is not None and self._wanted[parameter] == "account":
            told = f"You see no account with the address {address.group()}; say the account's name or id."
            self.invalid[parameter] = told
            self._said.take(parameter, address.span())

    def _verbatim(self) -> None:
        """Take what looks like an id though no such thing is seen: whoever says it knows it, and the door knows better.

        If a thing that is seen is spelt nearly so, with the same figures, the person is asked instead, later.
        """
        for found in _ID.finditer(self._said.open):
            taking = [name for name in self._open() if name == self._action.subject or self._wanted[name] == "account"]
            if not taking:
                return
            parameter = directed(self._said.open[: found.start()], taking)
            near = self._known.likely([(found.group(), found.span())], self._domains(parameter))
            if near is None or not _same_figures(found.group(), near.things[0]):
                self._take(parameter, found.group(), found.span())

    # ── hinted at ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _chosen(self, parameter: str) -> None:
        """Understand which of those just offered is meant, or that it is the one before."""
        offered = [thing for thing in self._context.candidates if self._fits(parameter, thing)]
        before = self._spoken_of(parameter)
        span = pronouns.other(self._said)
        others = [thing for thing in offered or before[:2] if thing not in before[:1]]
        if span is not None and others:
            self._settle(parameter, others, span)
            return
        place = pronouns.place(self._said, len(offered))
        if place is not None:
            self._settle(parameter, [offered[place[0]]], place[1])

    def _pronoun(self, parameter: str) -> None:
        """Let `it` and `her` be what was spoken of last."""
        spoken = self._spoken_of(parameter)
        if not spoken or is_made(self._action, parameter):
            return
        span = pronouns.pronoun(self._said, self._wanted[parameter])
        if span is not None and (parameter == self._action.subject or self._wanted[parameter] == "account"):
            self._settle(parameter, spoken[:1], span)

    def _nearly(self, parameter: str) -> None:
        """Look for what is misspelt, or named by a part of its name; of what is not sure, the person chooses."""
        if is_made(self._action, parameter) or not (parameter in self._action.required or parameter in DIRECTED):
            return
        labels = {word for name in self._action.properties for word in (name, *name.split("_"))}
        likely = self._known.likely(pieces(self._said, labels, self._kinds()), self._domains(parameter))
        if likely is None:
            return
        first = likely.things[0]
        if likely.surely and set(_FIGURES.findall(self._said.open)) <= set(
            _FIGURES.findall(f"{first.id} {first.name}")
        ):
            self._settle(parameter, [first], likely.span)
        else:
            self.ambiguous[parameter] = likely.things
            self._said.take(parameter, likely.span)

    def _described(self, parameter: str) -> None:
        """Let `that invoice` be the last of its kind that was spoken of, or the only one; of a few let choose."""
        if parameter != self._action.subject or parameter not in self._action.required:
            return
        nouns = self._nouns(parameter)
        for noun, span in pronouns.described(self._said, nouns | self._kinds()):
            spoken = [thing for thing in self._spoken_of(parameter) if thing.kind == noun or noun in nouns]
            seen = [thing for thing in self._known.things if self._fits(parameter, thing) and thing.kind == noun]
            if spoken or 1 <= len(seen) <= CHOICES:
                self._settle(parameter, spoken[:1] or seen, span)
                return

    # ── what all of these need ───────────────────────────────────────────────────────────────────────────────────────

    def _settle(self, parameter: str, things: Sequence[Thing], span: Span) -> None:
        if len({(thing.domain, thing.id) for thing in things}) == 1:
            self._take(parameter, things[0].id, span)
            self.domain = things[0].domain if parameter == self._action.subject else self.domain
        else:
            self.values.pop(parameter, None)
            self.ambiguous[parameter] = tuple({(thing.domain, thing.id): thing for thing in things}.values())
            self._said.take(parameter, span)

    def _take(self, parameter: str, value: str, span: Span) -> None:
        self.values[parameter] = value
        self._said.take(parameter, span)

    def _spoken_of(self, parameter: str) -> list[Thing]:
        return [thing for thing in self._context.mentioned if self._fits(parameter, thing)]

    def _nouns(self, parameter: str) -> set[str]:
        """Give what anything of the domain is called; what a resource is called else is its kind."""
        domain = self._wanted[parameter]
        return {domain} if domain == "resource" else {*NOUNS.get(domain, (domain,))} - {""}

    def _kinds(self) -> set[str]:
        return {thing.kind for thing in (*self._known.things, *self._context.mentioned)} - {""}

    def _domains(self, parameter: str) -> tuple[str, ...]:
        domain = self._wanted[parameter]
        return (domain,) if domain else tuple({thing.domain for thing in self._known.things})

    def _fits(self, parameter: str, thing: Thing) -> bool:
        return self._wanted[parameter] in ("", thing.domain)


def _same_figures(said: str, thing: Thing) -> bool:
    return _FIGURES.findall(said) in (_FIGURES.findall(thing.id), _FIGURES.findall(thing.name))
