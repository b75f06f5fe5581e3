"""The worker: the process that decides commands, and sees to what their facts lead to.

Joins the Faust app with its journals, kinds and replies; policies and effects run beside it, and it waits for neither.
"""

import asyncio
import gc
import hashlib
import inspect
import logging
import signal
from types import ModuleType

import uvloop
from aiokafka.admin import AIOKafkaAdminClient

from infra import kafka, mail, metrics, redis, telemetry
from infra.effects import ERASING, Effects
from infra.ending import STOPPING, leave_within
from infra.publishing import Publishing
from infra.ready import agree
from infra.settings import Settings, Unusable
from schemas import topics
from streams.app import SESSION_TIMEOUT, build
from streams.ask import Asker
from streams.deciders import DECIDERS, Deciding
from streams.journal import Around, Journal
from streams.kinds import FollowedKinds
from streams.ledger import Ledger
from streams.log import APPEND_TIMEOUT, KafkaLog
from streams.policies import FOLLOWED
from streams.policing import Policing, asking
from streams.producer import Producer
from streams.pulse import Heartbeat
from streams.records import KEPT_MS
from streams.store import Store

log = telemetry.log(__name__)

OBJECTS_OF_BATCHES = 100_000
"""Objects made until the collector looks for cycles: batches make many and no cycles."""


def run(settings: Settings) -> None:
    """Decide commands until told to stop by SIGINT or SIGTERM."""
    telemetry.start(settings, "worker")
    # They say on INFO what ours says better.
    for library in ("aiokafka", "faust", "mode"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It says at every attempt what effects say once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    if not settings.smtp_url and not settings.local:
        log.warning("mail is kept in the inbox instead of sent", reason="Set ANNAL_SMTP_URL for workers too.")
    await kafka.check(settings)
    try:
        await redis.check(settings)
    except Unusable as error:
        log.warning("outcomes are found in the read model only", reason=str(error))
    await agree(settings)
    worker = Worker(settings, await _cluster(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()


class Worker:
    """All that one worker process holds, and its beginning and end."""

    def __init__(self, settings: Settings, cluster: str) -> None:
        """`cluster` is Kafka's own id for itself: what is known of one cluster's journals says nothing of another's."""
        self.stopping = asyncio.Event()
        self._port = settings.worker_port
        self._connection = kafka.connection(settings)
        # One directory a cluster, so that a data directory may outlive the Kafka it was used with.
        self._states = settings.data_dir / "state" / cluster
        self._deciding = {topics.commands(deciding.domain.name): deciding for deciding in DECIDERS}
        self._kinds = FollowedKinds(self._connection)
        self._producer = Producer(self._connection, APPEND_TIMEOUT)
        self._pulse = Heartbeat(SESSION_TIMEOUT)
        self._replies = Publishing(redis.client(settings))
        self._around = Around(self._kinds, self._pulse, self._replies)
        self._asker = Asker(self._connection)
        self._effects = Effects(settings)
        # In three groups: commands that follow on a fact, and keys that are to end, do not wait for mail.
        self._policing = (
            Policing(self._connection, "policies", FOLLOWED, asking(self._asker)),
            Policing(self._connection, "effects", ERASING, self._effects.see_to),
            Policing(self._connection, "mail", mail.MAILED, self._effects.see_to),
        )
        domains = [deciding.domain for deciding in DECIDERS]
        self.app, self._partitions = build(settings, domains, self._pulse, self._open_journal)

    async def run(self) -> None:
        """Work until `stopping` is set or something breaks, which is raised."""
        async with metrics.shown(self._port, "ANNAL_WORKER_PORT", self._health, self._ready) as addresses:
            await self._kinds.start()
            await self.app.start()
            for policing in self._policing:
                await policing.start()
            gc.freeze()
            gc.set_threshold(OBJECTS_OF_BATCHES)
            log.info("worker started", metrics=addresses)
            ended = [asyncio.create_task(self.stopping.wait()), asyncio.create_task(self.app.wait_until_stopped())]
            await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            if not self.stopping.is_set():
                leave_within(STOPPING, code=1)
            await asyncio.gather(self.app.stop(), *(policing.stop() for policing in self._policing))
            await asyncio.gather(self._asker.stop(), self._effects.close())
            await self._producer.stop()
            await self._replies.stop()
            await self._kinds.stop()
        if self.app.crash_reason is not None:
            raise self.app.crash_reason

    def stop(self) -> None:
        """Stop soon, also while it is still starting."""
        leave_within(STOPPING)
        self.stopping.set()

    def _health(self) -> dict[str, str]:
        group = "lost" if self._pulse.lost() else "heard"
        journals = "open" if self._partitions.settled() else "opening"
        policing = {each.name: each.waits_for or "at work" for each in self._policing}
        return {"group": group, "journals": journals, **policing}

    def _ready(self) -> bool:
        return self._partitions.settled() and not self._pulse.lost()

    def _open_journal(self, topic: str, partition: int) -> Journal:
        deciding = self._deciding[topic]
        domain = deciding.domain
        store = Store(
            self._states / domain.name / str(partition), type(deciding.decider.initial), _rules(deciding), KEPT_MS
        )
        name = f"{domain.name}:{partition}"
        facts = KafkaLog(self._connection, self._producer, topics.facts(domain.name), partition, name)
        ledger = Ledger(domain, partition, deciding.decider, store, self._kinds)
        return Journal(name, ledger, facts, self._around)


def _rules(deciding: Deciding) -> str:
    """Fingerprint the code that makes a domain's states."""
    modules = (inspect.getmodule(part) for part in (deciding.decider.evolve, deciding.domain.facts[0]))
    sources = "".join(inspect.getsource(module) for module in modules if isinstance(module, ModuleType))
    return hashlib.sha256(sources.encode()).hexdigest()


async def _cluster(settings: Settings) -> str:
    admin = AIOKafkaAdminClient(**kafka.connection(settings))
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
