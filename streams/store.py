"""What a partition's owner remembers on disk: states, ids seen, and how far into the journal that goes."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import structlog
from rocksdict import Options, Rdict, WriteBatch

from schemas.journal import GENESIS

MARK, RULES, STATE, SEEN = b"m", b"r", b"s", b"i"
EVERY_KEY = b"\0", b"\xff"
SWEPT_PER_WRITE = 2
"""How many remembered ids are looked at for age, for each one written: the sweep always gains on the writing."""


class Mark(NamedTuple):
    """How far a ledger has come: the journal's next offset, the hash of its head, and the first command not answered.

    `last` is the offset of the head, -1 when there is none yet; `time` is the newest command's, in milliseconds since
    1970 UTC.
    """

    next: int = 0
    head: bytes = GENESIS
    last: int = -1
    command: int = 0
    time: int = 0


class Answer(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a command got, as remembered for its repeats; `offset` is that of its last record in the journal."""

    time: int
    offset: int
    version: int
    subject: str
    type: str
    actor: str
    digest: str | None = None
    facts: tuple[str, ...] = ()
    code: str | None = None
    reason: str | None = None


class _Aged(msgspec.Struct, array_like=True, gc=False):
    """The beginning of an answer: all that the sweep needs to read."""

    time: int


_LOCK = "/LOCK:"
"""What stands in the error of a store that is held."""

log = structlog.get_logger()

_encode = msgspec.msgpack.Encoder().encode
_decode_mark = msgspec.msgpack.Decoder(Mark).decode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode
_decode_aged = msgspec.msgpack.Decoder(_Aged).decode


class Store:
    """RocksDB under one directory. Losing it costs time only: the journal rebuilds it (design §3, State)."""

    def __init__(self, path: Path, state_type: Any, rules: str, window: int) -> None:
        """Open or make the store.

        `rules` is a fingerprint of the code that makes the states: states of other code are thrown away. `window` is
        how long an id is remembered, in milliseconds.
        """
        self._path = path
        self._rules = rules.encode()
        self._window = window
        self._decode_state = msgspec.msgpack.Decoder(tuple[int, state_type]).decode
        self._sweep_from = SEEN
        self._oldest = self._oldest_met = 0
        self._db = _open(path)
        if self._db.get(RULES) != self._rules:
            self.clear()

    def mark(self) -> Mark:
        """How far what is stored goes; the beginning when the store is new."""
        stored = self._db.get(MARK)
        return Mark() if stored is None else _decode_mark(stored)

    def clear(self) -> None:
        """Forget everything."""
        # The files stay open meanwhile: whoever finds them unlocked takes them for its own.
        self._db.delete_range(*EVERY_KEY)
        self._db.put(RULES, self._rules)
        self._sweep_from = SEEN
        self._oldest = self._oldest_met = 0

    def state(self, subject: bytes) -> tuple[int, Any] | None:
        """Give a subject's version and state, or None when it has neither."""
        stored = self._db.get(STATE + subject)
        return None if stored is None else self._decode_state(stored)

    def answer(self, command_id: str) -> Answer | None:
        """Give what a command got, or None when its id is not remembered."""
        stored = self._db.get(SEEN + command_id.encode())
        return None if stored is None else _decode_answer(stored)

    def write(self, states: Mapping[bytes, tuple[int, Any]], answers: Mapping[str, Answer], mark: Mark) -> None:
        """Write everything with the mark in one batch: what is stored is always the fold of the journal up to it."""
        batch = WriteBatch(raw_mode=True)
        for subject, state in states.items():
            batch.put(STATE + subject, _encode(state))
        for command_id, answer in answers.items():
            batch.put(SEEN + command_id.encode(), _encode(answer))
        for key in self._old(len(answers) * SWEPT_PER_WRITE, mark.time - self._window):
            batch.delete(key)
        batch.put(MARK, _encode(mark))
        self._db.write(batch)

    def _old(self, count: int, before: int) -> Iterator[bytes]:
        """Look at the next `count` remembered ids and give the keys of those too old to matter."""
        if self._oldest >= before:  # Whatever came since the last round is younger still.
            return
        sweep_from, self._sweep_from = self._sweep_from, SEEN
        found = cast("Iterator[tuple[bytes, bytes]]", self._db.items(from_key=sweep_from))
        for key, stored in islice(found, count):
            if not key.startswith(SEEN):
                self._oldest, self._oldest_met = self._oldest_met, 0
                return
            time = _decode_aged(stored).time
            if time < before:
                yield key
            else:
                self._oldest_met = min(self._oldest_met or time, time)
            sweep_from = key + b"\0"
        self._sweep_from = sweep_from

    def close(self) -> None:
        opened = Path(self._db.path())
        self._db.close()
        if opened != self._path:
            shutil.rmtree(opened)


def _open(path: Path) -> Rdict:
    """Open what is there, one beside it if another holds it, a new one if it is damaged: the journal is the truth."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        opened = Rdict(str(path), _options())
    except Exception as error:  # noqa: BLE001 - rocksdict raises nothing narrower
        if _LOCK in str(error):
            log.warning("another worker holds the store, starting one beside it", store=str(path))
            return Rdict(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent), _options())
        log.warning("the store is damaged, starting it anew", store=str(path), error=str(error))
        shutil.rmtree(path)
        opened = Rdict(str(path), _options())
    _tidy(path)
    return opened


def _tidy(path: Path) -> None:
    """Remove the stores that were made beside this one by workers that are gone."""
    for left in path.parent.glob(f"{path.name}.*"):
        with suppress(Exception):  # rocksdict raises nothing narrower; the worker is not gone
            Rdict(str(left), _options()).close()
            shutil.rmtree(left)


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(16 << 20)
    options.set_keep_log_file_num(2)
    return options
