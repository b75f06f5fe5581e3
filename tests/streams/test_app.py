"""What the app relies on inside Faust and aiokafka; a new version that moves it must be looked at, not guessed."""

import hashlib
import inspect
from importlib.metadata import version

from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver

from streams.app import BatchConsumer, BatchTransport


def fingerprint(thing: object) -> str:
    return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()[:16]  # type: ignore[arg-type]


def test_the_libraries_are_the_ones_this_was_written_for() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


def test_the_method_that_is_replaced_is_the_one_it_was_written_for() -> None:
    assert BatchTransport.Consumer is BatchConsumer
    assert fingerprint(consumer.Consumer._drain_messages) == "44a2500309e83c63"
    assert fingerprint(consumer.Consumer._wait_next_records) == "6218e1969a636b3f"


def test_heartbeats_are_sent_where_they_are_listened_to() -> None:
    assert fingerprint(GroupCoordinator._do_heartbeat) == "dc1d6632aaa68e96"
    assert "await self._do_heartbeat()" in inspect.getsource(GroupCoordinator._heartbeat_routine)


def test_fausts_own_seek_still_reaches_across_threads() -> None:
    """When it no longer does, the app's own can go."""
    assert "call_thread" not in inspect.getsource(driver.AIOKafkaConsumerThread.seek)
