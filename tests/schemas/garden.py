"""A domain of tests alone, with a field of every form that a message can have."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.message import Command, Fact, JsonObject, Message, Subject, Time


class Spot(Message):
    row: int
    shaded: bool = False


class Plant(Message):
    name: str
    spot: Spot | None = None
    height: float = 0.5


class PlantSeeds(Command):
    type: ClassVar[str] = "garden.plant"
    bed: Subject
    first: Plant
    others: Annotated[tuple[Plant, ...], Field(max_length=3)] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    depths: dict[str, float] = Field(default_factory=dict)
    season: Literal["spring", "autumn"] = "spring"
    notes: JsonObject = Field(default_factory=dict)
    rows: tuple[tuple[int, ...], ...] = ()
    extra: JsonObject | None = None
    watered: Time | None = None
    organic: bool = True
    by: str | None = "nobody"
    many: tuple[str, ...] | None = None

    @property
    def subject(self) -> str:
        return self.bed


class SeedsPlanted(Fact):
    type: ClassVar[str] = "garden.planted"
    first: Plant
    spots: dict[str, Spot]
    others: tuple[Plant, ...]
    labels: dict[str, str]
    season: Literal["spring", "autumn"]
    notes: JsonObject
    rows: tuple[tuple[int, ...], ...]
    extra: JsonObject | None
    watered: Time | None
    organic: bool
    height: float
    many: tuple[str, ...] | None = ("a", "b")


class GardenLeft(Fact):
    type: ClassVar[str] = "garden.left"


PLANTED = SeedsPlanted(
    first=Plant(name="Rosa"),
    spots={"gate": Spot(row=1)},
    others=(),
    labels={},
    season="spring",
    notes={},
    rows=((1, 2), ()),
    extra=None,
    watered=None,
    organic=True,
    height=1.5,
)
