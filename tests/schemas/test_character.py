"""What a character is called, and what may stand in its files."""

import pytest
from pydantic import ValidationError

from schemas.character import LoadCharacter, id_of, name_of


def test_an_id_is_the_documents_own_if_it_can_be_one() -> None:
    assert (
        id_of({"id": "b850bc30-45f8-0041-a00a-83df46d8555d", "name": "Ada"}) == "b850bc30-45f8-0041-a00a-83df46d8555d"
    )
    for none in (None, 7, "", "with blank", "x" * 201, "../up"):
        assert id_of({"id": none, "name": "Ada"}) == id_of({"name": " Ada "})


def test_a_name_is_a_text_that_says_something() -> None:
    assert [name_of({"name": name}) for name in (" Ada ", "", " ", None, 7)] == ["Ada", "", "", "", ""]


def test_a_file_is_a_text() -> None:
    with pytest.raises(ValidationError, match="each file is a text"):
        LoadCharacter(character_id="ada", document={"name": "Ada"}, files={"a.md": 7})
