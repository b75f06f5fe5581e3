"""An action's parameters, filled from what a person says."""

from collections.abc import Callable
from typing import Any

from agent.actions.action import Action
from agent.slots import choices, lists, moments, numerals, pairs, pointers, texts
from agent.slots.filled import Filled
from agent.slots.gazetteer import Gazetteer
from agent.slots.moments import is_moment
from agent.slots.naming import references
from agent.slots.references import References
from agent.slots.said import Found, Said, Several
from agent.slots.thing import Context, Thing
from agent.slots.validity import wrong
from schemas.domains import DOMAINS

Find = Callable[[str], Found | Several | None]


def fill(action: Action, text: str, known: Gazetteer, context: Context) -> Filled:
    """Find an action's parameters in a text. Nothing is taken for a value that the text does not say.

    Moments come first, for they are made of numbers and prepositions; then texts after the words that lead to them,
    for any word may stand in a text; then things; then the rest, from what is left.
    """
    return _Filling(action, text, known, context).filled()


class _Filling:
    def __init__(self, action: Action, text: str, known: Gazetteer, context: Context) -> None:
        self._action, self._context = action, context
        self._said = Said(text)
        self._references = References(action, self._said, known, context)
        self._named = references(action)
        self._values: dict[str, Any] = {}
        self._ambiguous: dict[str, tuple[Thing | str, ...]] = {}

    def filled(self) -> Filled:
        self._of(self._moments(), lambda name: moments.moment(name, self._schema(name), self._said, self._context.now))
        self._of(self._texts(), lambda name: texts.text(self._action, name, self._said))
        self._answered(self._in_words)
        self._references.find()
        self._domain()
        self._of(self._others(), self._other)
        self._of(self._texts(), lambda name: texts.text(self._action, name, self._said) or texts.quotation(self._said))
        self._answered(self._otherwise)
        return self._checked({**self._references.values, **self._values})

    def _moments(self) -> list[str]:
        return [name for name in self._action.properties if is_moment(name, self._schema(name))]

    def _texts(self) -> list[str]:
        taken = {*self._moments(), *self._named, *self._others()}
        return [name for name in self._action.properties if name not in taken]

    def _others(self) -> list[str]:
        def is_other(name: str) -> bool:
            schema = self._schema(name)
            return (
                name == "domain"
                or "enum" in schema
                or schema.get("type") != "string"
                or pointers.is_pointer(schema)
                or numerals.is_numeral(schema)
            )

        return [name for name in self._action.properties if name not in self._named and is_other(name)]

    def _of(self, names: list[str], find: Find) -> None:
        for name in names:
            if name not in {*self._values, *self._ambiguous}:
                self._take(name, find(name))

    def _other(self, name: str) -> Found | Several | None:
        schema = self._schema(name)
        if name == "domain":
            return choices.word([domain.name for domain in DOMAINS if domain.name != self._action.domain], self._said)
        if "enum" in schema:
            return choices.choice(name, [str(option) for option in schema["enum"]], self._said)
        finders: dict[str, Callable[[], Found | Several | None]] = {
            "integer": lambda: self._numeral(name),
            "number": lambda: self._numeral(name),
            "boolean": lambda: choices.yes_or_no(name, self._said),
            "array": lambda: lists.items(name, schema, self._said),
            "object": lambda: pairs.members(name, self._said),
            "string": lambda: self._numeral(name) if numerals.is_numeral(schema) else pointers.pointer(self._said),
        }
        find = finders.get(schema.get("type", ""))
        return find() if find else None

    def _numeral(self, name: str) -> Found | Several | None:
        found = numerals.numeral(self._action, name, self._said)
        if isinstance(found, Found) and self._schema(name)["type"] == "string":
            return found._replace(value=str(found.value))
        return found

    def _domain(self) -> None:
        """Let the domain of what is spoken of be said with it; else it is said as a word."""
        if "domain" in self._action.properties and self._references.domain:
            self._values["domain"] = self._references.domain

    def _answered(self, find: Find) -> None:
        """Take the whole text as what was just asked for, if nothing in it said otherwise."""
        name = self._context.asked
        settled = {*self._values, *self._references.values, *self._ambiguous, *self._references.ambiguous}
        if name in self._action.properties and name not in settled:
            self._take(name, find(name))

    def _in_words(self, name: str) -> Found | None:
        return texts.answer(self._said) if name in self._texts() else None

    def _otherwise(self, name: str) -> Found | Several | None:
        if is_moment(name, self._schema(name)):
            return moments.answer(name, self._schema(name), self._said, self._context.now)
        finders: dict[str, Callable[[Said], Found | None]] = {
            "integer": numerals.answer,
            "number": numerals.answer,
            "boolean": choices.answer,
            "array": lists.answer,
        }
        find = finders.get(self._schema(name).get("type", ""))
        return find(self._said) if find else None

    def _take(self, name: str, found: Found | Several | None) -> None:
        if found is not None and not isinstance(found, Found):
            self._ambiguous[name] = found
        elif found is not None:
            self._values[name] = found.value
            self._said.take(name, found.span)

    def _checked(self, values: dict[str, Any]) -> Filled:
        """Sort out what the parameters' schemas do not allow."""
        told = {name: wrong(self._action, name, value) for name, value in values.items()}
        invalid = self._references.invalid | {name: said for name, said in told.items() if said is not None}
        ambiguous = self._references.ambiguous | self._ambiguous
        return Filled(
            values={name: values[name] for name in self._action.properties if name in values and name not in invalid},
            missing=tuple(name for name in self._action.required if name not in {*values, *ambiguous, *invalid}),
            ambiguous=ambiguous,
            invalid=invalid,
            spans=self._said.spans,
            leftovers=self._said.leftovers(),
        )

    def _schema(self, name: str) -> dict[str, Any]:
        return self._action.schema(name)
