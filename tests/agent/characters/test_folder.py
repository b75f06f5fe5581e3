"""A character's file is read with its parents and its knowledge, and with nothing from elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.characters.folder import MOST_WRITTEN, merged, read
from agent.characters.reading import load
from agent.characters.report import report
from agent.characters.unreadable import Unreadable
from agent.persona import own
from schemas.character import LARGEST


def written(folder: Path, file: str = "c.json", /, **document: Any) -> Path:
    path = folder / file
    path.write_text(json.dumps({"name": "Clerk", **document}))
    return path


def refused(path: Path) -> str:
    with pytest.raises(Unreadable) as told:
        read(path)
    return told.value.code


def known(path: Path) -> dict[str | None, str]:
    return {each.path: each.text for each in load(*read(path)).knowledge}


# ── knowledge ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_files_that_are_there_are_read_and_words_are_words(tmp_path: Path) -> None:
    (tmp_path / "prices.md").write_text("A loaf is 3 euros.")
    path = written(tmp_path, knowledge=["prices.md", "Rossi pays late.", {"path": "./prices.md"}])
    assert known(path) == {"prices.md": "A loaf is 3 euros.", None: "Rossi pays late."}


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for name in ("b.md", "a.md", ".hidden", "deep/c.md"):
        (tmp_path / "k" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "k" / name).write_text(name)
    assert known(written(tmp_path, documents=[{"directory": "k/"}])) == {"k/a.md": "a.md", "k/b.md": "b.md"}


def test_a_folder_of_ones_own_leaves_out_the_character(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A")
    assert known(written(tmp_path, knowledge=[{"directory": "."}])) == {"a.md": "A"}


def test_what_is_not_there_or_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "nul.txt").write_bytes(b"a\0b")
    names = ("gone.md", "picture.png", "nul.txt")
    source = read(written(tmp_path, knowledge=[{"path": name} for name in names]))
    assert source.files == {}
    told = report(load(*source), source.files)
    assert [each for each in told if "There is no text at" in each] == [
        f"There is no text at {name}: nothing is known of it." for name in names
    ]


@pytest.mark.parametrize("item", [{"path": "../secret"}, {"directory": ".."}, {"path": "/etc/passwd"}])
def test_no_path_leaves_the_folder(tmp_path: Path, item: dict[str, str]) -> None:
    (tmp_path / "secret").write_text("not yours")
    (tmp_path / "in").mkdir()
    assert refused(written(tmp_path / "in", knowledge=[item])) == "character_path_outside"


def test_words_never_read_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (tmp_path / "in").mkdir()
    for words in ("../secret", str(tmp_path / "secret"), f"file://{tmp_path}/secret"):
        assert known(written(tmp_path / "in", knowledge=[words])) == {None: words}


@pytest.mark.parametrize("item", ["link", {"path": "link"}, {"directory": "links"}, {"path": "folder/secret"}])
def test_no_link_leaves_the_folder(tmp_path: Path, item: Any) -> None:
    (tmp_path / "secret").write_text("not yours")
    inside = tmp_path / "in"
    (inside / "links").mkdir(parents=True)
    (inside / "link").symlink_to(tmp_path / "secret")
    (inside / "links" / "link").symlink_to(tmp_path / "secret")
    (inside / "folder").symlink_to(tmp_path)
    assert refused(written(inside, knowledge=[item])) == "character_path_outside"


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A")
    (tmp_path / "b.md").symlink_to("a.md")
    assert known(written(tmp_path, knowledge=[{"path": "b.md"}])) == {"b.md": "A"}


def test_words_too_long_for_a_path_are_no_path(tmp_path: Path) -> None:
    words = "é" * 200
    assert known(written(tmp_path, knowledge=[words])) == {None: words}


def test_knowledge_has_a_largest_size(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("x" * (LARGEST // 2 + 1))
    assert refused(written(tmp_path, knowledge=["a", "b"])) == "character_too_large"
    (tmp_path / "a").write_text("x" * (LARGEST + 1))
    assert refused(written(tmp_path, knowledge=["a"])) == "character_too_large"


def test_a_character_has_a_largest_size_before_it_is_read(tmp_path: Path) -> None:
    assert refused(written(tmp_path, bio="x" * MOST_WRITTEN)) == "character_too_large"


def test_escapes_make_no_character_too_large(tmp_path: Path) -> None:
    bio = "é" * (LARGEST // 3)
    path = written(tmp_path, bio=bio)
    assert path.stat().st_size > LARGEST
    assert load(*read(path)).bio == (bio,)


# ── parents ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_parent_gives_what_its_child_does_not_say(tmp_path: Path) -> None:
    written(tmp_path, "base.json", name="Base", id="base", bio=["Old."], system="Be kind.", style={"all": ["Short."]})
    child = written(tmp_path, extends=["base.json"], bio="New.", style={"all": ["Plain."], "chat": ["Greet."]})
    assert read(child).document == {
        "name": "Clerk",
        "bio": ["Old.", "New."],
        "system": "Be kind.",
        "style": {"all": ["Short.", "Plain."], "chat": ["Greet."]},
    }


def test_parents_have_parents_and_each_is_merged_once(tmp_path: Path) -> None:
    written(tmp_path, "a.json", topics=["a"], extends=["b.json"])
    written(tmp_path, "b.json", topics=["b"], extends="a.json")
    child = written(tmp_path, extends=["a.json", "b.json", "c.json"], topics=["c"])
    assert read(child).document == {"name": "Clerk", "topics": ["b", "a", "c"]}


def test_a_parent_that_is_not_there_stays_named(tmp_path: Path) -> None:
    source = read(written(tmp_path, extends=["gone.json"]))
    assert source.document["extends"] == ["gone.json"]
    assert any("(gone.json)" in each for each in report(load(*source)))


def test_a_parent_is_below_the_folder(tmp_path: Path) -> None:
    written(tmp_path, "base.json")
    (tmp_path / "in").mkdir()
    assert refused(written(tmp_path / "in", extends=["../base.json"])) == "character_path_outside"


def test_merging_leaves_both_as_they_were() -> None:
    parent, child = {"name": "P", "a": {"x": [1]}}, {"name": "C", "a": {"x": [2], "y": 3}}
    assert merged(parent, child) == {"name": "C", "a": {"x": [1, 2], "y": 3}}
    assert (parent, child) == ({"name": "P", "a": {"x": [1]}}, {"name": "C", "a": {"x": [2], "y": 3}})


# ── the agent's own ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_agent_has_a_character_of_its_own() -> None:
    eliza = own()
    assert eliza.name == "Eliza"
    assert eliza.system
    assert all(messages[-1].speaker == "{{agentName}}" for messages in eliza.message_examples)
    (told,) = report(eliza)
    assert told.startswith("Eliza is read with a system prompt, 3 lines of bio")
