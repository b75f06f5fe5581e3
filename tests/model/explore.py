"""Every state a model can reach, breadth first, until one breaks a property; and which of them can never finish."""

from collections import deque
from dataclasses import dataclass
from time import process_time

from tests.model.journal import Journal, Step
from tests.model.rules import Property


@dataclass(frozen=True)
class Found:
    """What a search found, in so many seconds of a processor: the first broken property and the shortest way to it."""

    states: int
    steps: int
    seconds: float
    longest: int
    broken: Property | None
    trace: tuple[Step, ...]


class Search:
    """The states met so far, each with the step that led there and the healthy steps that lead on."""

    def __init__(self, model: Journal) -> None:
        self.states = [model.initial]
        self.steps = 0
        self._model = model
        self._numbers = {model.initial: 0}
        self.came: list[tuple[int, Step] | None] = [None]
        self._work: list[list[tuple[int, int]]] = []

    def run(self) -> int | None:
        """Visit every state; stop at the first that is broken and give its number."""
        for number, state in enumerate(self.states):  # grows while it is walked
            work: list[tuple[int, int]] = []
            self._work.append(work)
            for step in self._model.steps(state):
                self.steps += 1
                after = self._numbers.setdefault(step.after, len(self.states))
                if after == len(self.states):
                    self.states.append(step.after)
                    self.came.append((number, step))
                    if step.after.broken:
                        return after
                if step.healthy and step.who is not None:
                    work.append((step.who, after))
        return None

    def stuck(self) -> int | None:
        """Give the first state from which a writer, without failures and without the other, may never finish."""
        ends = [self._finishing(who) for who in range(len(self._model.initial.writers))]
        return next((number for number, finishes in enumerate(zip(*ends, strict=True)) if not all(finishes)), None)

    def _finishing(self, who: int) -> list[bool]:
        """Say of each state whether all of a writer's ways from there lead to the end: from the end backwards."""
        finishing = [state.done for state in self.states]
        ready = deque(number for number, done in enumerate(finishing) if done)
        open_ways = [0] * len(self.states)
        before: list[list[int]] = [[] for _ in self.states]
        for number, work in enumerate(self._work):
            for owner, after in work:
                if owner == who:
                    open_ways[number] += 1
                    before[after].append(number)
        while ready:
            for number in before[ready.popleft()]:
                open_ways[number] -= 1
                if not open_ways[number] and not finishing[number]:
                    finishing[number] = True
                    ready.append(number)
        return finishing

    def trace(self, number: int) -> tuple[Step, ...]:
        """Give the shortest way to a state."""
        steps = []
        while came := self.came[number]:
            number, step = came
            steps.append(step)
        return tuple(reversed(steps))


def explore(model: Journal) -> Found:
    """Search a model for the first broken property; progress is judged when no other is."""
    began = process_time()
    search = Search(model)
    at = search.run()
    broken = search.states[at].broken if at is not None else None
    if at is None:
        at = search.stuck()
        broken = Property.PROGRESS if at is not None else None
    longest = max(len(state.log) for state in search.states)
    trace = search.trace(at) if at is not None else ()
    return Found(len(search.states), search.steps, process_time() - began, longest, broken, trace)
