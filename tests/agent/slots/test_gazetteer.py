"""Things by what people call them."""

from agent.slots.gazetteer import Gazetteer, Likely, folded
from agent.slots.thing import Thing
from tests.agent.slots.talking import KNOWN, eight, report, seven

WHERE = (0, 1)


def mentioned(text: str, known: Gazetteer = KNOWN) -> list[tuple[str, tuple[Thing, ...]]]:
    return [(text[slice(*mention.span)], mention.things) for mention in known.mentions(text)]


def likely(text: str) -> Likely | None:
    return KNOWN.likely([(text, WHERE)], ["resource"])


def test_neither_case_nor_punctuation_tells_names_apart() -> None:
    assert folded("Invoice 7, Rossi!") == ("invoice", "7", "rossi")


def test_the_longest_name_counts() -> None:
    assert mentioned("see Invoice 7, Rossi and invoice-8") == [("Invoice 7, Rossi", (seven,)), ("invoice-8", (eight,))]


def test_an_id_that_is_spelt_just_so_counts_more_than_a_longer_name() -> None:
    assert mentioned("call invoice-7 Rossi")[0] == ("invoice-7", (seven,))


def test_things_that_are_called_alike_are_all_meant() -> None:
    one, other = Thing("resource", "a.1", "Budget"), Thing("resource", "a-1", "budget")
    assert mentioned("a 1", Gazetteer((one, other))) == [("a 1", (one, other))]
    assert mentioned("a-1", Gazetteer((one, other))) == [("a-1", (other,))]
    assert mentioned("budget", Gazetteer((one, other))) == [("budget", (other,))]


def test_nothing_is_mentioned_where_nothing_is_known() -> None:
    assert mentioned("invoice-7", Gazetteer()) == []
    assert Gazetteer().likely([("invoice-7", WHERE)], ["resource"]) is None


def test_a_misspelling_is_likely_if_nothing_else_is_near() -> None:
    assert likely("Quartely Report") == Likely((report,), WHERE, surely=True)


def test_a_part_of_a_name_is_likely() -> None:
    assert likely("Bianchi") == Likely((eight,), WHERE, surely=True)


def test_a_part_of_two_names_is_not_sure() -> None:
    found = likely("invoice")
    assert found is not None
    assert (set(found.things), found.surely) == ({seven, eight}, False)


def test_another_figure_is_never_sure() -> None:
    found = likely("Invoice 9, Rossi Sons")
    assert found is None or not found.surely


def test_what_is_of_another_domain_is_not_likely() -> None:
    assert KNOWN.likely([("Quartely Report", WHERE)], ["account"]) is None


def test_what_is_called_like_a_mere_word_is_not_meant_by_it() -> None:
    known = Gazetteer([Thing("kind", "a"), Thing("kind", "invoice")])
    assert [mention.things[0].id for mention in known.mentions("create a new invoice")] == ["invoice"]
