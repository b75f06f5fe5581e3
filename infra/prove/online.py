"""Verifies what there is: checkpoints one on the other, journals along their chains, what is read from the facts."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from infra.prove import documents, offline
from infra.prove.asked import Wrong
from infra.prove.book import read
from infra.prove.models import Compared, compare, snapshot
from infra.prove.notary import journals
from infra.prove.walk import Task, Walked, walk
from infra.records import Records
from infra.settings import Settings, Unusable
from projections import resource
from projections.read_models import READ_MODELS
from schemas import topics
from schemas.checkpoint import Block, Checkpoint, Journal, beginning, contradiction
from schemas.domains import DOMAINS
from schemas.message import Domain
from schemas.topics import CHECKPOINTS

MUCH = 100_000
"""Records for which it is worth to start processes, which takes a second or two."""

LOOK = 0.2
"""Seconds between looks at how far the processes are."""

Done = TypeVar("Done")
Work: TypeAlias = Callable[[Callable[[int], object]], Done]
"""What a process can be told to do: it is given what hears how many records were read."""


@dataclass
class Signed:
    """What the checkpoints say: how many there are, the last of them, and of each journal the blocks, by number."""

    count: int = 0
    void: int = 0
    kept: int = 0
    last: Checkpoint | None = None
    blocks: dict[Journal, list[tuple[int, Block]]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[Wrong] = field(default_factory=list)


@dataclass(frozen=True)
class Scope:
    """What is verified: journals of some domains, all that is there or what came after a checkpoint."""

    settings: Settings
    key: str
    domains: Sequence[Domain] = DOMAINS
    journal: str | None = None
    since: int = 0

    def journals(self) -> list[Journal]:
        """Name the journals. Raises Unusable for one that there is none of."""
        found = [each for each in journals(self.domains) if self.journal in (None, str(each), each.domain)]
        if not found:
            raise Unusable(f"There is no journal {self.journal}: name one such as resource:3, or a domain.")
        return found


def signed(scope: Scope, kept: Iterable[Path]) -> Signed:
    """Read all checkpoints, and see that each follows on the one before and is what was kept, here and elsewhere.

    `kept` are files or directories of them. Raises Unusable if one of these has no checkpoint.
    """
    found = Signed()
    files = _files(scope.settings.data_dir / "checkpoints", kept)
    known = offline.checkpoints(files, lambda said: found.wrong.append(Wrong(CHECKPOINTS.name, said)))
    with Records(scope.settings) as reader:
        begin, end = reader.around(CHECKPOINTS.name, 0)
        for batch in reader.read(CHECKPOINTS.name, 0, begin, end):
            for record in batch:
                place = f"{CHECKPOINTS.name}:0:{record.offset}"
                checkpoint = read(record)
                if checkpoint is None or checkpoint.statement.key != scope.key or _again(found, checkpoint):
                    found.void += 1
                    continue
                wrong = contradiction(found.last, checkpoint) or _other(checkpoint, known)
                if wrong:
                    found.wrong.append(Wrong(place, wrong))
                _note(found, checkpoint)
    numbers = known.keys() - range(1, found.count + 1)
    if numbers:
        file, _ = known[min(numbers)]
        found.wrong.append(Wrong(CHECKPOINTS.name, f"checkpoint {min(numbers)} was kept ({file}) and is not here"))
    found.kept = len(known)
    return found


def journals_walked(
    scope: Scope, said: Signed, begin: Callable[[int], None], read: Callable[[int], None]
) -> Iterator[Walked]:
    """Walk the journals, and give each as it is done.

    `begin` hears how many records there are to be read, and `read` how many more were. Raises Unusable.
    """
    tasks = sorted(_tasks(scope, said), key=lambda task: task.start.next - task.end)
    total = sum(task.end - task.start.next for task in tasks)
    begin(total)
    yield from _all([partial(walk, task) for task in tasks], total, read)


def models_compared(
    scope: Scope, begin: Callable[[int], None], read: Callable[[int], None]
) -> Iterator[list[Compared]]:
    """Fold the journals again, each into all read models that follow it, and compare; as above."""
    with snapshot(scope.settings, READ_MODELS) as moment:
        ends: Counter[Journal] = Counter()
        for (_, name), read_to in moment.read_to.items():
            ends[name] = max(ends[name], read_to + 1)
        names = sorted(scope.journals(), key=lambda name: -ends[name])
        total = sum(ends[name] for name in names)
        begin(total)
        yield from _all([partial(compare, scope.settings, moment, name) for name in names], total, read)


def documents_compared(
    scope: Scope, begin: Callable[[int], None], read: Callable[[int], None]
) -> Iterator[Compared | None]:
    """Fold the journals of resources again and compare with Redis; None where documents are made anew; as above."""
    domain = resource.projection.domains[0].name
    names = [name for name in scope.journals() if name.domain == domain]
    with Records(scope.settings) as reader:
        total = sum(reader.around(topics.facts(domain), name.partition)[1] for name in names)
    with snapshot(scope.settings, [resource.projection]) as moment:
        skipped = moment.skipped[resource.projection.name]
    begin(total)
    yield from _all([partial(documents.compare, scope.settings, name, skipped) for name in names], total, read)


def _all(works: Sequence[Work[Done]], total: int, read: Callable[[int], None]) -> Iterator[Done]:
    """Do works and give what each gave; where there is much, in as many processes as there are cores."""
    if total < MUCH:
        yield from (work(read) for work in works)
        return
    context = get_context("spawn")
    counter: Any = context.Value("q", 0)
    processes = min(len(works), os.cpu_count() or 1)
    told = 0
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(counter,)) as pool:
        running: set[Future[Done]] = {pool.submit(_do, work) for work in works}
        try:
            while running:
                done, running = wait(running, LOOK, FIRST_COMPLETED)
                before, told = told, counter.value
                read(told - before)
                yield from (each.result() for each in done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _tasks(scope: Scope, said: Signed) -> Iterator[Task]:
    """Say what is to be walked. Of a journal that ends before a checkpoint's word all blocks are compared."""
    domains = {domain.name: domain for domain in scope.domains}
    with Records(scope.settings) as reader:
        for name in scope.journals():
            blocks = said.blocks.get(name, [])
            started = [block for number, block in blocks if number <= scope.since]
            start = started[-1] if started else beginning(name)
            _, end = reader.around(topics.facts(name.domain), name.partition)
            later = [(number, block) for number, block in blocks if number > scope.since]
            yield Task(scope.settings, domains[name.domain], start, end, later)


def _again(found: Signed, checkpoint: Checkpoint) -> bool:
    """Whether there was one of this number: two processes made it at once, and the first counts."""
    return found.last is not None and checkpoint.statement.number <= found.last.statement.number


def _note(found: Signed, checkpoint: Checkpoint) -> None:
    found.count = checkpoint.statement.number
    found.last = checkpoint
    for block in checkpoint.blocks:
        if block.next > block.start:
            found.blocks[block.journal].append((found.count, block))


def _files(ours: Path, kept: Iterable[Path]) -> list[Path]:
    """Give the files of our own directory, which need not be there, and those that were named."""
    files = offline.files_of(ours) if ours.is_dir() else []
    for each in kept:
        if not each.exists():
            raise Unusable(f"There is no {each}: name a checkpoint that was kept, or a directory of them.")
        named = offline.files_of(each)
        if not named:
            raise Unusable(f"{each} holds no checkpoint: name a directory of files such as 17.json, or one of them.")
        files += named
    return list(dict.fromkeys(files))


def _other(checkpoint: Checkpoint, known: Mapping[int, tuple[Path, Checkpoint]]) -> str | None:
    number = checkpoint.statement.number
    file, kept = known.get(number, (None, checkpoint))
    return None if kept == checkpoint else f"checkpoint {number} says something else than where it was kept, {file}"


# ── in the processes ──────────────────────────────────────────────────────────────────────────────────────────────────

_counter: Any = None


def _begin(counter: Any) -> None:
    global _counter  # noqa: PLW0603 - a process of a pool is told once what it shares
    _counter = counter


def _do(work: Work[Done]) -> Done:
    def read(count: int) -> None:
        with _counter.get_lock():
            _counter.value += count

    return work(read)
