"""What the projections count and measure."""

import time
from contextlib import suppress

from prometheus_client import Counter, Gauge, Histogram

from projections.reading import Place

FACTS = Counter("annal_projection_facts", "Facts applied", ["projection"])
VOID = Counter("annal_projection_void_records", "Records skipped because they do not count", ["projection"])
SECONDS = Histogram(
    "annal_projection_batch_seconds",
    "Time from having read a batch of records to having written its rows",
    ["projection"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
LAG_FACTS = Gauge("annal_projection_lag_facts", "Records not read yet", ["projection", "domain", "partition"])
LAG_SECONDS = Gauge(
    "annal_projection_lag_seconds",
    "Age of the newest fact read while there are more, else 0",
    ["projection", "domain", "partition"],
)
NOT_APPLIED = Gauge("annal_facts_not_applied", "Facts held back because they could not be applied", ["projection"])
DRIFT = Gauge("annal_projection_drift_rows", "Rows that are not what the facts of their subject make", ["projection"])
FAILURES = Counter("annal_projection_failures", "Times a projection had to try again", ["projection"])


def measure(projection: str, place: Place, lag: int, fact_time: int) -> None:
    """Note how far a projection is behind the end of a journal."""
    labels = (projection, place.domain, str(place.partition))
    LAG_FACTS.labels(*labels).set(lag)
    LAG_SECONDS.labels(*labels).set(max(0.0, time.time() - fact_time / 1000) if lag > 0 and fact_time else 0)


def forget(projection: str, place: Place) -> None:
    """Leave the measuring of a journal to whoever reads it now."""
    for gauge in (LAG_FACTS, LAG_SECONDS):
        with suppress(KeyError):
            gauge.remove(projection, place.domain, str(place.partition))
