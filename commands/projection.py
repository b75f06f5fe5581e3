"""The rules of repairing a projection: each switch, rollback, drop and skip is on record once, before it is done."""

from msgspec import Struct

from commands.decider import Asking, Decider
from schemas.projection import (
    BuildDropped,
    DropBuild,
    FactSkipped,
    ProjectionCommand,
    ProjectionFact,
    ProjectionRolledBack,
    ProjectionSwitched,
    RollBackProjection,
    SkipFact,
    SwitchProjection,
)


class Projection(Struct, frozen=True, gc=False):
    """A projection by what was done to it: the build that is live if one was ever named, and what it goes without."""

    live: str = ""
    dropped: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def decide(projection: Projection, command: ProjectionCommand, _: Asking) -> list[ProjectionFact]:
    said = {"operator": command.operator, "reason": command.reason}
    match command:
        case SwitchProjection(build=build):
            return [] if build == projection.live else [ProjectionSwitched(build=build, former=projection.live, **said)]
        case RollBackProjection(build=build):
            if build == projection.live:
                return []
            return [ProjectionRolledBack(build=build, former=projection.live, **said)]
        case DropBuild(build=build):
            return [] if build in projection.dropped else [BuildDropped(build=build, **said)]
        case SkipFact(position=position):
            return [] if position in projection.skipped else [FactSkipped(position=position, **said)]


def evolve(projection: Projection, fact: ProjectionFact) -> Projection:
    match fact:
        case ProjectionSwitched(build=build) | ProjectionRolledBack(build=build):
            return Projection(build, projection.dropped, projection.skipped)
        case BuildDropped(build=build):
            # One that was to be live and never was may be dropped, and another build be live.
            live = "" if build == projection.live else projection.live
            return Projection(live, (*projection.dropped, build), projection.skipped)
        case FactSkipped(position=position):
            return Projection(projection.live, projection.dropped, (*projection.skipped, position))


decider = Decider(Projection(), decide, evolve)
