"""What may be said about a projection: which build of its read model is live, and which facts it goes without.

The subject is the projection's name. A build is one filling of its tables, from the first fact on.
"""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.message import Command, Domain, Fact

ProjectionName = Annotated[
    str,
    StringConstraints(max_length=50, pattern=r"^[a-z]+(_[a-z]+)*$"),
    Field(description="The projection, by the name of its table.", examples=["resource"]),
]
Build = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    Field(description="One filling of the read model.", examples=["01a21985-2b24-7602-9d8c-a0f24e35d458"]),
]
Operator = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Field(description="Who asks, by their name on the machine.", examples=["ada"]),
]
Reason = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^[^\x00]*$"),
    Field(description="Why it is asked.", examples=["Tags were folded without their order."]),
]


class _AboutOneProjection(Command):
    projection: ProjectionName
    operator: Operator
    reason: Reason = ""

    @property
    def subject(self) -> str:
        return self.projection


class SwitchProjection(_AboutOneProjection):
    """Let another build be what people read."""

    type: ClassVar[str] = "projection.switch"
    build: Build


class RollBackProjection(_AboutOneProjection):
    """Let the build that was live before be what people read."""

    type: ClassVar[str] = "projection.rollback"
    build: Build


class DropBuild(_AboutOneProjection):
    """Give up a build that nobody reads."""

    type: ClassVar[str] = "projection.drop"
    build: Build


class SkipFact(_AboutOneProjection):
    """Let the projection go without a fact that it cannot apply; the reason stays on record."""

    type: ClassVar[str] = "projection.skip"
    position: Annotated[
        str,
        StringConstraints(max_length=100, pattern=r"^[a-z_]+:[0-9]+:[0-9]+$"),
        Field(description="Where the fact stands.", examples=["resource:3:17"]),
    ]
    reason: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
    build: Annotated[
        str,
        StringConstraints(max_length=100),
        Field(description="The filling that goes without it; none means whichever is live."),
    ] = ""


class ProjectionSwitched(Fact):
    """This build is live; `former` was."""

    type: ClassVar[str] = "projection.switched"
    build: str
    former: str
    operator: str
    reason: str


class ProjectionRolledBack(Fact):
    """This build is live again; `former` was meanwhile."""

    type: ClassVar[str] = "projection.rolled_back"
    build: str
    former: str
    operator: str
    reason: str


class BuildDropped(Fact):
    """This build is given up."""

    type: ClassVar[str] = "projection.dropped"
    build: str
    operator: str
    reason: str


class FactSkipped(Fact):
    """This build goes without the fact at this position; if none is named, whichever is live does."""

    type: ClassVar[str] = "projection.skipped"
    position: str
    operator: str
    reason: str
    build: str = ""


ProjectionCommand = SwitchProjection | RollBackProjection | DropBuild | SkipFact
ProjectionFact = ProjectionSwitched | ProjectionRolledBack | BuildDropped | FactSkipped

DOMAIN = Domain(
    name="projection",
    commands=(SwitchProjection, RollBackProjection, DropBuild, SkipFact),
    facts=(ProjectionSwitched, ProjectionRolledBack, BuildDropped, FactSkipped),
    refusals={},
    partitions=1,
)
