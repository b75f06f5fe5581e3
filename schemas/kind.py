"""What may be said about a kind: the JSON Schema, in versions, that the attributes of its resources satisfy."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from schemas.message import Command, Domain, Fact, JsonObject

KindName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$"),
    Field(description="The kind: lower case words joined by dots, dashes or underscores.", examples=["invoice"]),
]

KindVersion = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="Which definition of the kind: they count from 1.", examples=[1])
]

Description = Annotated[
    str,
    # A NUL fits in no Postgres text.
    StringConstraints(max_length=2000, pattern=r"^[^\x00]*$"),
    Field(description="What the kind is for, as people read it.", examples=["What a customer owes us."]),
]

INVOICE: dict[str, Any] = {
    "type": "object",
    "properties": {"amount": {"type": "number", "minimum": 0}, "currency": {"enum": ["EUR", "USD"]}},
    "required": ["amount"],
    "additionalProperties": False,
}
"""The definition that the examples of the API documents share."""


class DefineKind(Command):
    """Say what the attributes of a kind of resource look like; said differently again, it is the kind's next version.

    Only the account that defined a kind first may define it again. Resources keep the version they have until a change
    names a newer one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "invoice", "json_schema": INVOICE, "description": "What a customer owes us."}]
        }
    )
    type: ClassVar[str] = "kind.define"
    kind: KindName
    json_schema: Annotated[
        JsonObject,
        Field(
            description="A JSON Schema (draft 2020-12) that an object can satisfy, at most 64 KB. It refers to nothing "
            "outside itself; `format` is a remark and checks nothing; patterns have no look-around or back-references.",
            examples=[INVOICE],
        ),
    ]
    description: Description = ""

    @property
    def subject(self) -> str:
        return self.kind


class KindDefined(Fact):
    """A kind has a definition, its `kind_version`-th; `owner` is the account that may define the next one."""

    type: ClassVar[str] = "kind.defined"
    kind_version: int
    json_schema: JsonObject
    description: str
    owner: str


KindCommand = DefineKind
KindFact = KindDefined

DOMAIN = Domain(
    name="kind",
    commands=(DefineKind,),
    facts=(KindDefined,),
    refusals={
        "kind_invalid": 422,
        "kind_too_large": 422,
        "kind_not_yours": 403,
    },
    # One partition puts all definitions in one order, so that one offset says how many of them a decision knew.
    partitions=1,
)
