"""The map: one line for each measurement, in the order they are taken."""

from infra.bench import (
    conversing,
    doors,
    journal,
    listening,
    past,
    projecting,
    proving,
    reads,
    rebuilding,
    replaying,
    restart,
    revoking,
    signing_in,
    tokens,
    visible,
)
from infra.bench.measure import Measure

MEASURES: tuple[Measure, ...] = (
    journal.backlog,
    restart.restart,
    projecting.rebuild,
    projecting.shown,
    replaying.replaying,
    proving.verify,
    visible.visible,
    doors.waiting,
    doors.posting,
    reads.reading,
    reads.authenticated,
    doors.uploading,
    tokens.checking,
    signing_in.signing_in,
    revoking.revoking,
    past.looking_back,
    listening.deliveries,
    listening.soon,
    conversing.talking,
    rebuilding.beside,
)
