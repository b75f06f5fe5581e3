"""What the app relies on inside Faust and aiokafka; a new version that moves it must be looked at, not guessed."""

import hashlib
import inspect
from importlib.metadata import version

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.app.base import App
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


def test_faust_still_closes_the_consumer_when_the_group_rebalances_while_it_stops() -> None:
    """When it no longer does, `BatchConsumer.close` can go."""
    assert "self.consumer.close()" in inspect.getsource(App._on_rebalance_when_stopped)


def test_the_group_is_left_in_the_way_it_was_written_for() -> None:
    """The task that is ended is all that would join again, and without a generation closing leaves nothing."""
    assert fingerprint(GroupCoordinator.close) == "f30d831089456312"
    assert fingerprint(GroupCoordinator._maybe_leave_group) == "016cd88a16e6c4b5"


def test_a_fetch_waits_as_long_as_is_set_before_the_consumer_starts() -> None:
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer.start)
