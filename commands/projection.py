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
    """A projection by what was done to it: the live build, if one was ever named, and what its builds lack."""

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
        case SkipFact(position=position, build=build):
            known = _skipped(build, position) in projection.skipped
            return [] if known else [FactSkipped(position=position, build=build, **said)]


def evolve(projection: Projection, fact: ProjectionFact) -> Projection:
    match fact:
        case ProjectionSwitched(build=build) | ProjectionRolledBack(build=build):
            return Projection(build, projection.dropped, projection.skipped)
        case BuildDropped(build=build):
            # One that was to be live and never was may be dropped, and another build be live.
            live = "" if build == projection.live else projection.live
            return Projection(live, (*projection.dropped, build), projection.skipped)
        case FactSkipped(position=position, build=build):
            return Projection(projection.live, projection.dropped, (*projection.skipped, _skipped(build, position)))


def _skipped(build: str, position: str) -> str:
    return f"{position} {build}".strip()


decider = Decider(Projection(), decide, evolve)
