"""What is measured of listeners: never one by one, for they come and go; the list of them says more."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from projections.listening.ring import Ring

if TYPE_CHECKING:
    from projections.listening.listener import Listener

LISTENERS = Gauge("annal_listeners", "Listeners at this process", ["how"])
CATCHING_UP = Gauge("annal_listeners_catching_up", "Listeners that read older facts, or wait for it")
LAG_RECORDS = Gauge("annal_listeners_lag_facts", "Records that the listener lacks who is furthest behind")
LAG_SECONDS = Gauge("annal_listeners_lag_seconds", "Age of the first record that a listener lacks, of the oldest")
DELIVERED = Counter("annal_listeners_delivered", "Facts given to listeners", ["how"])
ENDED = Counter("annal_listeners_ended", "Listeners that were ended, or left", ["code"])
RING = Gauge("annal_listeners_ring_facts", "Facts held for all listeners together")
RING_BYTES = Gauge("annal_listeners_ring_bytes", "Bytes of these on Kafka")

HOW = ("sse", "websocket")


def measure(listeners: Iterable["Listener"], ring: Ring) -> None:
    """Note how listeners are."""
    there = list(listeners)
    for how in HOW:
        LISTENERS.labels(how).set(sum(each.how == how for each in there))
    CATCHING_UP.set(sum(each.number is None for each in there))
    lags = [each.lag() for each in there]
    LAG_RECORDS.set(max((records for records, _ in lags), default=0))
    LAG_SECONDS.set(max((seconds for _, seconds in lags), default=0))
    RING.set(len(ring))
    RING_BYTES.set(ring.size)
