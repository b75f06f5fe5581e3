"""A character of any version is read, and what is not read is kept."""

from typing import Any

import pytest
from hypothesis import given

from agent.characters.character import Knowledge, export
from agent.characters.reading import load, parse
from agent.characters.unreadable import Unreadable
from schemas.character import LARGEST
from tests.agent.characters.documents import D0, D1, D2, D3, D4, DIALECTS, MIXED, documents


@pytest.mark.parametrize("document", DIALECTS.values(), ids=DIALECTS)
def test_what_was_read_is_written_again_as_it_was(document: dict[str, Any]) -> None:
    character = load(document)
    assert export(character, secrets=True) == document
    assert (export(character) == document) == (not character.secrets)


@given(documents)
def test_whatever_nobody_knows_is_kept(document: dict[str, Any]) -> None:
    character = load(document)
    assert export(character, secrets=True) == document
    assert load(export(character)).document == export(character)


def test_the_first_characterfile_is_read_whole() -> None:
    baker = load(D0)
    assert (baker.name, baker.bio[0], baker.lore) == ("Baker", D0["bio"][0], ("Once sold out before sunrise.",))
    assert baker.background == (*baker.bio, *baker.lore)
    assert (baker.adjectives, baker.topics) == (("warm", "brisk"), ("bread", "mornings"))
    assert (baker.style.all, baker.style.chat, baker.style.post) == (("Short.",), ("Greet first.",), ("No emoji.",))
    assert baker.post_examples == ("Rye is out of the oven.",)
    assert baker.knowledge == (Knowledge("A loaf is 3 euros.", "/home/baker/prices.txt"),)
    ((asked, answered),) = baker.message_examples
    assert (asked.speaker, answered.speaker, answered.actions) == ("{{user1}}", "Baker", ("CONTINUE",))


def test_v0_has_clients_and_plugins_in_two_forms() -> None:
    clerk = load(D1)
    assert (clerk.username, clerk.system, clerk.bio) == ("clerk", "Answer like a clerk.", ("Keeps the books.",))
    assert clerk.plugins == ("@elizaos/plugin-node", "ledger")
    assert [known.text for known in clerk.knowledge] == ["Rossi pays late.", "prices.md"]
    assert clerk.extra == {}


def test_v1_names_who_speaks_and_several_actions() -> None:
    gardener = load(D2, {"beans.md": "Sow in May.", "plants/oak.md": "Slow.", "plants/deep/fern.md": "Shade."})
    assert gardener.id == D2["id"]
    assert gardener.message_examples[0][1].actions == ("REPLY", "NOTE")
    assert gardener.message_examples[0][1].content["thought"] == "frost"
    assert gardener.templates == D2["templates"]
    assert gardener.knowledge == (
        Knowledge("Sow in May.", "beans.md", shared=True),
        Knowledge("Sow in May.", "beans.md"),
        Knowledge("Slow.", "plants/oak.md"),
    )


def test_v2_wraps_examples_and_knowledge() -> None:
    porter = load(D3, {"keys.md": "Brass.", "doors/front.md": "Oak."})
    assert porter.message_examples[0][0].text == "Open?"
    assert porter.knowledge == (Knowledge("Brass.", "keys.md"), Knowledge("Oak.", "doors/front.md"))


def test_the_newest_v2_has_documents_beside_knowledge() -> None:
    assert [known.text for known in load(D4).knowledge] == ["Paper is on the shelf.", "Ink is in the drawer."]


def test_a_mixture_is_read_as_all_that_it_is() -> None:
    everybody = load(MIXED)
    assert everybody.lore == ("One line.",)
    assert [messages[0].text for messages in everybody.message_examples] == ["Who owes?", "Open?"]
    assert everybody.extra == {"description": "An extra that nobody knows.", "model": "large"}


def test_a_name_is_all_that_a_character_needs() -> None:
    assert load({"name": "Nobody"}).id == load({"name": "Nobody", "bio": "Changed."}).id
    assert load({"name": "Nobody"}).id != load({"name": "Somebody"}).id


def test_who_speaks_as_whom_is_of_no_shape_that_breaks_it() -> None:
    odd = {"name": "Odd", "bio": 7, "style": [], "messageExamples": [["x", {"name": 1}], {"examples": None}, 3]}
    character = load(odd | {"knowledge": [None, 4, {}], "plugins": {}, "templates": {"t": {}}, "topics": [1, "a"]})
    assert (character.bio, character.message_examples, character.knowledge) == ((), (), ())
    assert (character.plugins, character.templates, character.topics) == ((), {}, ("a",))


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_are_split_off() -> None:
    clerk = load(D1)
    assert sorted(clerk.secrets.values()) == ['"d-1"', '"k-1"', '"t-1"', "3000"]
    said = repr(clerk)
    assert not [secret for secret in ("d-1", "k-1", "t-1", "3000") if f"'{secret}'" in said]
    assert clerk.settings["secrets"]["EMPTY"] == ""
    assert clerk.settings["voice"] == {"model": "en_US"}


# ── what cannot be read ───────────────────────────────────────────────────────────────────────────────────────────────


def refused(document: Any) -> str:
    with pytest.raises(Unreadable) as told:
        load(document)
    assert str(told.value).endswith(".")
    return told.value.code


def test_a_character_without_a_name_is_none() -> None:
    for nameless in ({}, {"name": ""}, {"name": "  "}, {"name": None}, {"name": 7}):
        assert refused(nameless) == "character_nameless"


def test_a_character_has_a_largest_size_and_depth() -> None:
    assert refused({"name": "Long", "bio": "x" * LARGEST}) == "character_too_large"
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    assert refused({"name": "Deep", "extra": deep}) == "character_too_large"


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "\\\\host\\x",
        "C:\\x",
        "C:x",
        "..\\x",
        "https://x.example/y",
        "file:///x",
        "a\0",
    ],
)
@pytest.mark.parametrize("name", ["path", "directory"])
def test_knowledge_is_only_of_the_characters_own_folder(path: str, name: str) -> None:
    assert refused({"name": "Spy", "knowledge": [{name: path}]}) == "character_path_outside"
    assert refused({"name": "Spy", "documents": [{"item": {"case": name, "value": path}}]}) == "character_path_outside"


def test_words_that_look_like_a_path_elsewhere_are_words() -> None:
    (known,) = load({"name": "Poet", "knowledge": ["../../etc/passwd"]}).knowledge
    assert known == Knowledge("../../etc/passwd")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "character_not_json"),
        (b'{"name": NaN}', "character_not_json"),
        (b"\xff", "character_not_json"),
        (b"[]", "character_not_object"),
        (b'"Ada"', "character_not_object"),
    ],
)
def test_what_is_no_object_is_no_character(text: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as told:
        parse(text)
    assert told.value.code == code


def test_a_byte_order_mark_says_nothing() -> None:
    assert parse(b'\xef\xbb\xbf{"name": "Ada"}') == {"name": "Ada"}
