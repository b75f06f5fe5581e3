"""The journal protocol (design §3) as steps from state to state: two writers, one log, and all that may go wrong."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.model.log import COMMANDS, GENESIS, Log, cuts, follow, link, tell, truth, values
from tests.model.rules import NEW, Property, Protection, Rules

APPEND = 3
"""The most records an append holds: those of two commands."""


class Mind(NamedTuple):
    """What a writer believes: how much of the log it knows, its head, the records that count, the next command."""

    known: int = 0
    head: int = GENESIS
    counting: Log = ()
    next: int = 0


class Append(NamedTuple):
    """Records sent for commands from `first` on, what the writer will believe then, and where they stand if stored."""

    records: Log
    first: int
    then: Mind
    base: int | None = None


class Writer(NamedTuple):
    """A worker that is, or believes it is, the owner: `open` once it has folded, `sent` while it waits."""

    release: str
    mind: Mind = Mind()
    open: bool = False
    sent: tuple[Append, ...] = ()


class State(NamedTuple):
    """Everything at one moment. Nobody waits for `late` appends, and they may yet be stored; `mishaps` are left."""

    log: Log
    writers: tuple[Writer, ...]
    late: tuple[Log, ...]
    mishaps: int
    broken: Property | None = None

    def put(self, who: int, writer: Writer) -> "State":
        return self._replace(writers=(*self.writers[:who], writer, *self.writers[who + 1 :]))

    def abandon(self, sent: tuple[Append, ...]) -> "State":
        """Wait no more: what is not stored may be stored late, while mishaps are left, or never."""
        late = [append.records for append in sent if append.base is None][: self.mishaps]
        return self._replace(late=tuple(sorted((*self.late, *late))), mishaps=self.mishaps - len(late))

    def reply(self, offsets: range, mind: Mind) -> "State":
        """Tell those who asked these commands what a writer believes, and compare it with what counts."""
        names = {COMMANDS[offset] for offset in offsets}
        told = [value for value in values(mind.counting) if value.id in names]
        right = [value for value in truth(self.log) if value.id in names]
        answered = told == right and {value.id for value in told} == names
        return self if answered else self._replace(broken=Property.REPLIES)

    @property
    def done(self) -> bool:
        return {value.id for value in truth(self.log)} == set(COMMANDS)


class Step(NamedTuple):
    """One thing that happens, to a writer or to nobody. `healthy`: a writer's own work, and no failure."""

    who: int | None
    what: str
    healthy: bool
    after: State


class Journal(Rules):
    """The protocol without some protections, with a release at work in each of two writers, and a number of mishaps."""

    def __init__(self, *without: Protection, releases: tuple[str, str] = (NEW, NEW), mishaps: int = 1) -> None:
        super().__init__(frozenset(without), releases)
        # One append counts, one of the other writer is void, and each mishap adds one: only a broken protocol goes on.
        self.longest = (2 + mishaps) * APPEND + 1
        self.initial = State((), tuple(Writer(release) for release in releases), (), mishaps)

    def steps(self, state: State) -> Iterator[Step]:
        """Give everything that may happen next."""
        for who, writer in enumerate(state.writers):
            if not writer.sent and (not writer.open or writer.mind.known < len(state.log)):
                yield from self._fold(state, who, writer)
            if writer.open and len(writer.sent) < (1 if self.on(Protection.SINGLE) else 2):
                yield from self._send(state, who, writer)
            for index, append in enumerate(writer.sent):
                if append.base is None:
                    kept = append._replace(base=len(state.log))
                    sent = (*writer.sent[:index], kept, *writer.sent[index + 1 :])
                    yield from self._store(state.put(who, writer._replace(sent=sent)), who, append.records)
                else:
                    yield self._hear(state, who, writer, index, append.base)
            yield from _fail(state, who, writer)
        for index, records in enumerate(state.late):
            late = state.late[:index] + state.late[index + 1 :]
            yield from self._store(state._replace(late=late), None, records)

    def _fold(self, state: State, who: int, writer: Writer) -> Iterator[Step]:
        """Read on to the end of the log, reply to what the log has answered."""
        mind, end = writer.mind, len(state.log)
        short = [] if self.on(Protection.END) or not state.mishaps else cuts(state.log, mind.known)
        for known in (*short, end):
            counting = follow(state.log[mind.known : known], mind.head, check=self.on(Protection.FOLDER))
            head = (mind.head, *counting)[-1]
            answered = max([mind.next, *(value.offset + 1 for value in values(counting))])
            for start in range(answered, answered + 1 if self.on(Protection.SEEK) else len(COMMANDS)):
                new = Mind(known, head, mind.counting + counting, start)
                after = state._replace(mishaps=state.mishaps - (known < end)).reply(range(mind.next, answered), new)
                if not self.on(Protection.FOLD):
                    after, new = state, mind._replace(known=known, head=head)
                how = "is assigned anew, folds" if writer.open else "folds"
                what = f"{how} to {known}{', replies' * (new.next > mind.next)}, goes on from command {new.next}"
                yield Step(who, what, not writer.open, after.put(who, writer._replace(mind=new, open=True)))

    def _send(self, state: State, who: int, writer: Writer) -> Iterator[Step]:
        """Decide the next command or two, and send what they leave, on top of what is in flight."""
        start = writer.sent[-1].then if writer.sent else writer.mind
        then, minds = start, []
        for offset in range(start.next, min(start.next + 2, len(COMMANDS))):
            for value in self.decide(writer.release, values(then.counting), offset, seen=self.on(Protection.SEEN)):
                record = link(then.head, value)
                then = Mind(then.known + 1, record, (*then.counting, record), offset)
                minds.append(then)
            then = then._replace(next=offset + 1)
            minds[-1:] = [then] if minds else []
            if minds:
                yield self._sent(state, who, start, minds)
            elif not writer.sent:
                after = state.reply(range(start.next, then.next), then)
                what = f"finds that command {offset} is a repeat, replies"
                yield Step(who, what, True, after.put(who, writer._replace(mind=then)))

    def _sent(self, state: State, who: int, start: Mind, minds: list[Mind]) -> Step:
        """Send in one append what leads to the last of these minds."""
        writer, last, appends = state.writers[who], start, []
        for mind in minds[-1:] if self.on(Protection.WHOLE) else minds:
            appends.append(Append(mind.counting[len(last.counting) :], last.next, mind))
            last = mind
        if not self.on(Protection.STATE):
            writer = writer._replace(mind=writer.mind._replace(counting=last.counting, next=last.next))
        if not self.on(Protection.REPLY):
            state = state.reply(range(start.next, last.next), last)
        what = f"sends {' | '.join(tell(append.records) for append in appends)} and expects {start.known}"
        return Step(who, what, True, state.put(who, writer._replace(sent=(*writer.sent, *appends))))

    def _store(self, state: State, who: int | None, records: Log) -> Iterator[Step]:
        """The broker stores an append wherever the log ends by now."""
        log = state.log + records
        if len(log) > self.longest:
            return
        after = state._replace(log=log, broken=self.judge(state.log, log))
        what = f"{'has' if who is not None else 'stores a late'} {tell(records)}"
        what += f" stored at {len(state.log)}" if who is not None else f" at {len(state.log)}"
        yield Step(who, what, who is not None, after)
        if not self.on(Protection.IDEMPOTENT) and state.mishaps:
            late = tuple(sorted((*state.late, records)))
            yield Step(who, f"{what}, is sent again", False, after._replace(late=late, mishaps=state.mishaps - 1))

    def _hear(self, state: State, who: int, writer: Writer, index: int, base: int) -> Step:
        """An offset comes back: the expected one, so the append counts; or another, so the writer folds again."""
        append, rest = writer.sent[index], writer.sent[index + 1 :]
        expected = append.then.known - len(append.records)
        if base != expected and self.on(Protection.COMPARE):
            after = state.abandon(writer.sent)
            after = after.put(who, writer._replace(open=not self.on(Protection.AGAIN), sent=()))
            return Step(who, f"hears {base}, expected {expected}: believes nothing of it", True, after)
        mind = append.then._replace(known=base + len(append.records))
        after = state.abandon(writer.sent[:index])
        if self.on(Protection.REPLY):
            after = after.reply(range(writer.sent[0].first, mind.next), mind)
        what = f"hears {base}, believes that it counts, replies"
        return Step(who, what, True, after.put(who, writer._replace(mind=mind, sent=rest)))


def _fail(state: State, who: int, writer: Writer) -> Iterator[Step]:
    """A writer hears nothing, or dies; what it sent may still be stored."""
    left = state.abandon(writer.sent)
    if writer.sent:
        yield Step(who, "hears nothing, gives up", False, left.put(who, writer._replace(open=False, sent=())))
    if writer.mind != Mind() or writer.open:
        yield Step(who, "dies and starts with nothing", False, left.put(who, Writer(writer.release)))
