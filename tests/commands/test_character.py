"""What may be done with a character."""

from typing import Any

from schemas.character import LARGEST, CharacterLoaded, CharacterRetired, LoadCharacter, RetireCharacter
from tests.given import given

ADA: dict[str, Any] = {"name": "Ada", "bio": ["Keeps the books."]}
loaded = CharacterLoaded(name="Ada", owner="alice", document=ADA, files={})
changed = CharacterLoaded(name="Ada", owner="alice", document=ADA | {"bio": []}, files={})
retired = CharacterRetired()

retire = RetireCharacter(character_id="ada")


def load(document: dict[str, Any] | None = None, **files: str) -> LoadCharacter:
    return LoadCharacter(character_id="ada", document=ADA if document is None else document, files=files)


# ── load ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_loads_a_character_owns_it() -> None:
    given().when(load()).then(loaded)


def test_another_document_is_its_next_version() -> None:
    given(loaded).when(load(ADA | {"bio": []})).then(changed)
    given(loaded, changed).when(load()).then(loaded)


def test_another_text_of_a_file_is_its_next_version() -> None:
    with_file = loaded.model_copy(update={"files": {"prices": "3 euros"}})
    given(loaded).when(load(prices="3 euros")).then(with_file)
    given(with_file).when(load(prices="3 euros")).quiet()


def test_the_same_in_another_order_adds_nothing() -> None:
    given(loaded).when(load(dict(reversed(ADA.items())))).quiet()


def test_only_its_owner_loads_it_again() -> None:
    given(loaded).when(load(ADA | {"bio": []}), by="bob").refused("character_not_yours", "another `character_id`")
    given(loaded, retired).when(load(), by="bob").refused("character_not_yours")


def test_who_may_load_those_of_others_does_so_in_the_owners_name() -> None:
    given(loaded).when(load(ADA | {"bio": []}), by="root", behalf="alice").then(changed)


def test_a_character_has_a_name() -> None:
    given().when(load({})).refused("character_nameless")
    given(loaded).when(load({"name": " "})).refused("character_nameless")


def test_a_character_has_a_largest_size_with_its_files() -> None:
    frame = len(b'[{"name":"Ada"},{"f":""}]')
    fits = load({"name": "Ada"}, f="x" * (LARGEST - frame))
    given().when(fits).then(CharacterLoaded(name="Ada", owner="alice", document={"name": "Ada"}, files=fits.files))
    given().when(load({"name": "Ada"}, f="x" * (LARGEST - frame + 1))).refused("character_too_large", f"{LARGEST + 1}")
    given().when(load({"name": "Ada", "bio": "é" * (LARGEST // 2)})).refused("character_too_large")


# ── retire ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_character_is_retired_once_and_loaded_again_as_it_was() -> None:
    given(loaded).when(retire).then(retired)
    given(loaded, retired).when(retire).quiet()
    given(loaded, retired).when(load()).then(loaded)


def test_only_its_owner_retires_it() -> None:
    given(loaded).when(retire, by="bob").refused("character_not_yours")
    given(loaded).when(retire, by="root", behalf="alice").then(retired)


def test_a_character_that_nobody_loaded_is_not_retired() -> None:
    given().when(retire).refused("character_unknown")
