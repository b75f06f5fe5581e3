"""A domain of tests alone whose facts are not what they were; what they were stands in `contracts/`."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.message import Fact, Message


class Author(Message):
    """Since version 2 with a year."""

    name: str
    born: int | None = None


class BookShelved(Fact):
    """Since version 2 with a shelf; and since then no title may be longer than ten characters."""

    type: ClassVar[str] = "library.shelved"
    title: Annotated[str, Field(max_length=10)]
    author: Author
    shelf: str = "unsorted"


class BookLent(Fact):
    """What BookTaken was, which had one name, `by`."""

    type: ClassVar[str] = "library.lent"
    given_name: str
    family_name: str
    days: int = 14


def lent(taken: dict[str, Any]) -> dict[str, Any]:
    family_name, given_name = taken["by"].split(", ")
    return {
        "meta": {**taken["meta"], "type": BookLent.type},
        "given_name": given_name,
        "family_name": family_name,
    }
