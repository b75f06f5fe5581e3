"""What a model may say of a message: one of the moves, in JSON."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

MOST_TEXT = 1_000
MOST_SUMMARY = 1_200
"""Characters that a model may say."""


_NO_NUL = r"^[^\x00]*$"


class Nonsense(Exception):  # noqa: N818 - the message is for the model, and says what to do
    """What a model said is none of what it may say; the message is one sentence."""


class _Saying(BaseModel):
    """`summary` is of the turns before, where it was asked for one. What a model says beyond these fields is left."""

    summary: Annotated[str, Field(max_length=MOST_SUMMARY, pattern=_NO_NUL)] = ""


class Begins(_Saying):
    move: Literal["begin"]
    action: str
    values: dict[str, Any] = {}


class Fills(_Saying):
    move: Literal["fill"]
    values: dict[str, Any]


class Corrects(_Saying):
    move: Literal["correct"]
    values: dict[str, Any]


class Agrees(_Saying):
    move: Literal["agree"]
    approved: bool


class Cancels(_Saying):
    move: Literal["cancel"]


class Talks(_Saying):
    """`text` is the answer in the character's own words."""

    move: Literal["talk"]
    intent: str
    text: Annotated[str, Field(max_length=MOST_TEXT, pattern=_NO_NUL)] = ""


class Wonders(_Saying):
    move: Literal["unclear"]
    choices: list[str] = []


Saying = Begins | Fills | Corrects | Agrees | Cancels | Talks | Wonders

_SAYING: TypeAdapter[Saying] = TypeAdapter(Annotated[Saying, Field(discriminator="move")])


def read(text: str) -> Saying:
    """Give what a model said, whatever it wrote around the JSON. Raises Nonsense."""
    try:
        return _SAYING.validate_json(text[max(0, text.find("{")) : text.rfind("}") + 1])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Nonsense(f"{f'At {where}: ' if where else ''}{first['msg']}.") from error
