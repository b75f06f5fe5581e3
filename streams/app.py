"""The Faust app: brings each partition of commands to the one journal that answers it, and lets go when told to."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import faust
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.protocol.group import JoinGroupRequest, LeaveGroupRequest
from faust.events import Event
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from infra.ending import ended
from infra.ends import Ends
from infra.kafka import connection
from infra.settings import Settings
from schemas import topics
from schemas.message import Domain
from streams.held import first_held, held
from streams.journal import Journal
from streams.pulse import Heartbeat

log = structlog.get_logger()

GROUP = "annal.worker"
SESSION_TIMEOUT = 10.0
"""Seconds after which the group gives a silent worker's partitions to another."""

HEARTBEAT = 0.5
"""Seconds between heartbeats: at one of them a worker learns that the group changes, and the others wait for that."""

FETCH_WAIT_MS = 200
"""How long a fetch may wait for records. A journal that has just been opened is fetched by the next one only."""

TENDED_EVERY = 2.0
"""Seconds between commits of the offsets; they are for tools that show lag, the journal itself knows better."""


class BatchThread(driver.AIOKafkaConsumerThread):
    """Fetches for so long at once as suits journals that are opened one by one; Faust has no setting for it."""

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - it is read when the consumer starts
        return consumer


class BatchConsumer(driver.Consumer):
    """Hands over one list of records per partition: record by record, Faust delivers 4-7,000 a second (design §3).

    Replaces private methods of faust-streaming; the version is pinned and a test holds the source it was written for.
    """

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Leave it to the journals, which know better: Faust asks for what was committed, partition after partition."""

    def close(self) -> None:
        """Leave it to `Partitions.leave`.

        Faust would close aiokafka's consumer across threads when the group rebalances while it stops, which fails, and
        the group would hear of it only when the session is over.
        """

    async def _drain_messages(self, fetcher: Any) -> None:
        while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001 - as the method it replaces
            records, _ = await self._wait_next_records(1.0)
            generation = self.app.consumer_generation_id
            for tp, batch in (records or {}).items():
                if not self.flow_active or generation != self.app.consumer_generation_id:
                    break
                for channel in tuple(self.app.topics._tp_index.get(tp, ())):  # type: ignore[attr-defined]  # noqa: SLF001 - likewise
                    event = Event(self.app, None, batch, None, self._to_message(tp, batch[-1]))
                    await self.wait_first(channel.put(event), self.suspend_flow.wait())
            await asyncio.sleep(0)


class BatchTransport(driver.Transport):
    Consumer = BatchConsumer


class Unanswerable(Exception):  # noqa: N818 - a state of the topics; one sentence says what to do
    """A journal and its commands do not belong together."""


class Partitions:
    """The journals this worker owns at the moment, each with the task that runs it."""

    def __init__(
        self,
        app: faust.App,
        connection: dict[str, Any],
        pulse: Heartbeat,
        open_journal: Callable[[str, int], Journal],
    ) -> None:
        self._app = app
        self._connection = connection
        self._ends = Ends(connection)
        self._pulse = pulse
        self._open_journal = open_journal
        self._journals: dict[TP, Journal] = {}
        self._tasks: dict[TP, asyncio.Task[None]] = {}
        self._held: dict[TP, asyncio.Task[None]] = {}
        self._assigned = False
        self._listened: Any = None
        self._sought: dict[TP, int] = {}
        self._tended: dict[TP, int] = {}

    async def take(self, *_: Any, **__: Any) -> None:
        """Open every partition that was assigned, side by side; called before records flow."""
        self._pulse.heard()
        self._listen()
        self._assigned = True
        for tp in self._app.consumer.assignment() - self._tasks.keys():
            self._tasks[tp] = asyncio.create_task(self._own(tp), name=f"{tp.topic}:{tp.partition}")

    async def drop(self, *_: Any, **__: Any) -> None:
        """Let go of everything; an append on its way is the log's to judge."""
        self._assigned = False
        await ended(*self._tasks.values(), *self._held.values())
        self._tasks.clear()
        self._held.clear()

    async def leave(self, *_: Any, **__: Any) -> None:
        """Let go of everything and leave the group, which would else wait until it misses this worker."""
        await self.drop()
        await self._ends.stop()
        thread = _thread(self._app)
        if thread is not None and thread.thread_loop.is_running():
            # Not by call_thread: what is called there waits behind fetches, and behind a rebalance that is under way.
            left = asyncio.run_coroutine_threadsafe(_leave(thread._consumer), thread.thread_loop)  # noqa: SLF001 - see _thread
            await asyncio.wrap_future(left)

    def settled(self) -> bool:
        """Say whether the group has spoken and every partition it gave is open."""
        return self._assigned and self._tasks.keys() == self._journals.keys()

    async def offer(self, tp: TP, records: list[Any]) -> None:
        """Give a partition its records; when some before them are missing, seek those, once."""
        journal = self._journals.get(tp)
        if journal is None:
            return
        if not journal.offer(records):
            if self._sought.get(tp) != journal.expected:
                self._sought[tp] = journal.expected
                await self._seek(tp, journal.expected)
        elif not journal.room.is_set() and tp not in self._held:
            self._held[tp] = asyncio.create_task(self._hold(tp, journal))

    async def tend(self) -> None:
        """Say how far the journals have answered, and seek again where Faust's place has run ahead of a journal's."""
        thread = _thread(self._app)
        if thread is None or not self._journals:
            return
        consumer = thread._consumer  # noqa: SLF001 - see _thread
        try:
            # Faust's own commit crashes the worker when the broker is away.
            answered = {_place(tp): journal.ledger.mark.command for tp, journal in self._journals.items()}
            await thread.call_thread(consumer.commit, answered)
            for tp, journal in list(self._journals.items()):
                stuck, self._tended[tp] = self._tended.get(tp) == journal.expected, journal.expected
                if stuck and await thread.call_thread(consumer.position, _place(tp)) > journal.expected:
                    journal.expected = await first_held(self._connection, _place(tp), journal.expected)
                    self._sought[tp] = journal.expected
                    await self._seek(tp, journal.expected)
        except (KafkaError, IllegalStateError, OSError) as error:
            log.info("offsets not committed", error=str(error))

    async def _hold(self, tp: TP, journal: Journal) -> None:
        """Fetch no more of a partition until its journal has room."""
        await self._tell("pause", tp)
        await journal.room.wait()
        await self._tell("resume", tp)
        del self._held[tp]

    async def _seek(self, tp: TP, offset: int) -> None:
        """Have the records from `offset` delivered next."""
        await self._tell("seek", tp, offset)

    async def _tell(self, what: str, tp: TP, *more: int) -> None:
        """Have aiokafka's consumer do something in its own thread: Faust's own seek reaches across, and races there."""
        thread = _thread(self._app)
        if thread is None:
            return

        async def do() -> None:
            with suppress(IllegalStateError):  # the partition is being taken away
                getattr(thread._consumer, what)(_place(tp), *more)  # noqa: SLF001 - see _thread

        await thread.call_thread(do)

    async def _own(self, tp: TP) -> None:
        journal = self._open_journal(tp.topic, tp.partition)
        try:
            offset = await self._where_to_begin(tp, await journal.open())
            journal.expected = offset
            self._journals[tp] = journal
            self._sought.pop(tp, None)
            await self._seek(tp, offset)
            log.info("journal opened", journal=f"{tp.topic}:{tp.partition}", command=offset)
            await journal.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("journal failed", journal=f"{tp.topic}:{tp.partition}")
            await self._app.crash(error)
        finally:
            self._journals.pop(tp, None)
            journal.close()

    async def _where_to_begin(self, tp: TP, answered: int) -> int:
        """Compare what the journal has answered with what the topic holds. Raises Unanswerable."""
        begin, end = await held(self._ends, _place(tp))
        if end < answered:
            raise Unanswerable(
                f"{tp.topic}:{tp.partition} ends at {end}, and its journal has answered commands up to {answered}: one "
                "of the two topics was made anew; restore it, or make both anew."
            )
        if begin > answered:
            log.error(
                "commands were deleted before they were decided",
                journal=f"{tp.topic}:{tp.partition}",
                lost=begin - answered,
            )
        return max(begin, answered)

    def _listen(self) -> None:
        thread = _thread(self._app)
        if thread is not None and thread._consumer is not self._listened:  # noqa: SLF001 - see _thread
            self._listened = thread._consumer  # noqa: SLF001 - likewise
            self._pulse.listen_to(self._listened._coordinator)  # noqa: SLF001 - nothing public tells of heartbeats


async def _leave(consumer: Any) -> None:
    """Leave the group, in the consumer's thread, also in the midst of a rebalance.

    aiokafka would wait for its end, and so for the slowest member. Until then the broker answers nothing more on the
    coordinator's connection, so this goes out on the one for fetches.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - see _thread
    await ended(coordinator._coordination_task)  # noqa: SLF001 - likewise
    if coordinator.coordinator_id is not None and coordinator.member_id != JoinGroupRequest.UNKNOWN_MEMBER_ID:
        request = LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
        with suppress(KafkaError):  # the broker is away, and misses this worker by itself
            await coordinator._client.send(coordinator.coordinator_id, request)  # noqa: SLF001 - likewise
    coordinator.reset_generation()  # or it would leave once more


def _place(tp: TP) -> TopicPartition:
    """Give Faust's topic and partition as aiokafka wants them."""
    return TopicPartition(tp.topic, tp.partition)


def _thread(app: faust.App) -> Any:
    """The thread in which Faust keeps aiokafka's consumer to itself; None before it has started."""
    consumer: Any = app.consumer
    thread = consumer._thread  # noqa: SLF001 - heartbeats and commits are reached in no other way
    return thread if thread is not None and thread._consumer is not None else None  # noqa: SLF001 - likewise


def build(
    settings: Settings, domains: Iterable[Domain], pulse: Heartbeat, open_journal: Callable[[str, int], Journal]
) -> tuple[faust.App, Partitions]:
    """Make the app that runs the deciders of these domains; `open_journal(topic, partition)` makes their journals."""
    app = faust.App(
        GROUP,
        broker=[f"kafka://{server.strip()}" for server in settings.kafka_bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=SESSION_TIMEOUT,
        broker_heartbeat_interval=HEARTBEAT,
        broker_max_poll_interval=1000.0,
        consumer_max_fetch_size=4 << 20,
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        stream_buffer_maxsize=64,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    partitions = Partitions(app, connection(settings), pulse, open_journal)
    app.on_rebalance_complete.connect(partitions.take, weak=False)
    app.on_partitions_revoked.connect(partitions.drop, weak=False)
    app.on_before_shutdown.connect(partitions.leave, weak=False)
    app.timer(TENDED_EVERY, name="tend")(partitions.tend)
    for domain in domains:
        _decider_at_work(app, domain, partitions)
    return app, partitions


def _decider_at_work(app: faust.App, domain: Domain, partitions: Partitions) -> None:
    """Declare what Faust calls an agent: it hands batches of one domain's commands to their journals."""

    async def work(stream: Any) -> None:
        async for records in stream:
            message = stream.current_event.message
            if message.generation_id == app.consumer_generation_id:
                await partitions.offer(TP(message.topic, message.partition), records)

    topic = app.topic(topics.commands(domain.name), value_type=bytes, value_serializer="raw", acks=False)
    app.agent(topic, name=f"{domain.name}.decider")(work)


def _credentials(settings: Settings) -> Any:
    """Say to Faust what infra.kafka says to aiokafka."""
    kafka = connection(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka["sasl_plain_username"],
            password=kafka["sasl_plain_password"],
            mechanism=kafka["sasl_mechanism"],
            ssl_context=kafka.get("ssl_context"),
        )
    return faust.SSLCredentials(context=kafka["ssl_context"]) if "ssl_context" in kafka else None
