"""The map: one line for each measurement, in the order they are taken."""

from infra.bench import doors, journal, projecting, reads, restart, visible
from infra.bench.measure import Measure

MEASURES: tuple[Measure, ...] = (
    journal.backlog,
    restart.restart,
    projecting.rebuild,
    projecting.shown,
    visible.visible,
    doors.waiting,
    doors.posting,
    reads.reading,
    doors.uploading,
)
